//! A no as a page, for people: whole in itself, without a script.

use super::escape;
use crate::rejection::Row;

/// What browsers may load for the page: nothing, and its own style.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --ground: #f3f5f8; --card: #fff; --line: #d9dee6 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf2; --soft: #9aa6b5; --ground: #12161c; --card: #1b2129; --line: #313a46 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.75rem }
h1 { margin: 0 0 0.5rem; font-size: 1.5rem; line-height: 1.25 }
p { margin: 0 }
footer { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line);
  color: var(--soft); font-size: 0.8125rem; overflow-wrap: anywhere }
code { font-family: ui-monospace, monospace }
";

/// The page of a row. The request id leads an operator to the line in the log.
pub(super) fn to_html(row: &Row, request_id: &str) -> String {
    let (status, title, text) = (row.status, title(row.status), escape(&row.text));
    let request_id = escape(request_id);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n<p>{text}</p>\n\
         <footer>Status {status}, request <code>{request_id}</code></footer>\n\
         </main>\n</body>\n</html>\n"
    )
}

/// By the status alone, which says what the row says.
fn title(status: u16) -> &'static str {
    match status {
        401 => "Sign in",
        403 => "No access",
        404 | 410 => "Not found",
        405 | 501 => "Not served here",
        500.. => "Not available",
        _ => "This cannot be opened",
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_page_loads_nothing() {
        let row =
            Row { status: 403, code: "AccessDenied", reason: "expired", text: Cow::from("A<b") };
        let page = to_html(&row, "R&1");
        for part in ["<title>No access</title>", "<p>A&lt;b</p>", "<code>R&amp;1</code>"] {
            assert!(page.contains(part), "{page}");
        }
        for no in ["<script", "<link", "<img", "src=", "href=", "url(", "@import", "expired"] {
            assert!(!page.contains(no), "{no}");
        }
    }
}
