//! The answer in the JSON that what stands in front of the function understands.

use std::collections::BTreeMap;

use serde::Serialize;

/// How headers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Function URLs and HTTP APIs: one value for each name, and cookies in a place of their own.
    WithCookies,
    /// REST APIs, and load balancers with multi-value headers: all values of a name.
    Several,
    /// Load balancers without: one value for each name.
    Single,
}

/// An answer. Its bodies are always text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reply {
    status_code: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

impl Reply {
    pub(crate) fn new<'h>(
        form: Form,
        status_code: u16,
        headers: impl IntoIterator<Item = (&'h str, String)>,
        body: String,
    ) -> Self {
        let mut several: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            several.entry(name.to_ascii_lowercase()).or_default().push(value);
        }
        let mut reply = Self {
            status_code,
            headers: BTreeMap::new(),
            multi_value_headers: BTreeMap::new(),
            cookies: Vec::new(),
            body,
            is_base64_encoded: false,
        };
        if form == Form::Several {
            reply.multi_value_headers = several;
            return reply;
        }
        if form == Form::WithCookies {
            reply.cookies = several.remove("set-cookie").unwrap_or_default();
        }
        let joined = |(name, values): (String, Vec<String>)| (name, values.join(", "));
        reply.headers = several.into_iter().map(joined).collect();
        reply
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reply(form: Form) -> Value {
        let headers = [("Vary", "a"), ("vary", "b"), ("set-cookie", "c=1"), ("set-cookie", "d=2")];
        let headers = headers.map(|(name, value)| (name, value.to_owned()));
        serde_json::to_value(Reply::new(form, 302, headers, "text".to_owned())).unwrap()
    }

    #[test]
    fn each_form_says_the_same() {
        let shared = json!({ "statusCode": 302, "body": "text", "isBase64Encoded": false });
        let with = |more: Value| {
            let (mut all, more) = (shared.clone(), more);
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        assert_eq!(
            reply(Form::WithCookies),
            with(json!({ "headers": { "vary": "a, b" }, "cookies": ["c=1", "d=2"] }))
        );
        assert_eq!(
            reply(Form::Several),
            with(json!({
                "multiValueHeaders": { "vary": ["a", "b"], "set-cookie": ["c=1", "d=2"] }
            }))
        );
        let single = reply(Form::Single);
        assert_eq!(single["headers"]["vary"], "a, b");
        assert_eq!(single.get("multiValueHeaders"), None);
    }
}
