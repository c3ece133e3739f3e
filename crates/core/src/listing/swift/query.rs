//! What is asked of an account or a container, from the query.
//!
//! As with S3's queries, whatever is not known here may ask for something else, so it is refused.

use crate::listing::error::{ListError, argument};
use crate::listing::query::{DELIMITER, Parameters};
use crate::request::{Method, Request};

/// The most names of a page, and as many as a page has when nothing else is asked, as with Swift.
pub const MAX_LIMIT: usize = 10_000;

/// How a listing is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One name a line.
    #[default]
    Plain,
    /// A JSON array of objects.
    Json,
}

/// What is asked of an account or a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerQuery {
    /// Whether only the head is asked for.
    pub is_head: bool,
    /// The form of the answer.
    pub format: Format,
    /// What names begin with.
    pub prefix: String,
    /// Up to where names are put together: [`DELIMITER`], or empty when they are not.
    pub delimiter: String,
    /// The most names of the page.
    pub limit: usize,
    /// Whether the request says so.
    pub is_limited: bool,
    /// The name behind which the page begins; empty for the first one.
    pub marker: String,
    /// The name before which it ends. A folder ends where it begins.
    pub end_marker: Option<String>,
}

impl ContainerQuery {
    /// Reads the query of a request.
    ///
    /// # Errors
    /// [`ListError`] when a value is wrong, or something else is asked.
    pub fn parse(request: &Request<'_>) -> Result<Self, ListError> {
        let mut parameters = Parameters::read(request)?;
        let format = match parameters.take("format")?.as_deref() {
            None | Some("") if accepts_json(request) => Format::Json,
            None | Some("" | "plain") => Format::Plain,
            Some("json") => Format::Json,
            Some(_) => return Err(ListError::Format),
        };
        let limit = parameters.take("limit")?.filter(|text| !text.is_empty());
        let is_limited = limit.is_some();
        let limit = match limit.map(|text| text.parse()) {
            None => MAX_LIMIT,
            Some(Ok(limit)) if limit <= MAX_LIMIT => limit,
            Some(Ok(_)) => return Err(ListError::Limit),
            Some(Err(_)) => return argument("limit", "a number from 0 to 10000"),
        };
        for name in ["path", "reverse"] {
            if parameters.take(name)?.is_some() {
                return argument(name, "left out; `prefix` and `delimiter=/` show one folder");
            }
        }
        let mut text = |name| parameters.take(name).map(Option::unwrap_or_default);
        let (prefix, delimiter) = (text("prefix")?, text("delimiter")?);
        if !delimiter.is_empty() && delimiter != DELIMITER {
            return argument("delimiter", "`/`, or be left out");
        }
        let (marker, end_marker) = (text("marker")?, text("end_marker")?);
        let end_marker = Some(end_marker).filter(|name| !name.is_empty());
        if request.method() == Method::Head {
            // The head is about all of it.
            let all = Self { is_head: true, format, limit: MAX_LIMIT, ..Self::default() };
            return parameters.done(all);
        }
        parameters.done(Self {
            is_head: false,
            format,
            prefix,
            delimiter,
            limit,
            is_limited,
            marker,
            end_marker,
        })
    }

    /// Whether a name is asked for, however many others are.
    pub(super) fn covers(&self, name: &str) -> bool {
        let end = self.end_marker.as_deref();
        name.starts_with(&self.prefix)
            && name > self.marker.as_str()
            && end.is_none_or(|e| name < e)
    }
}

fn accepts_json(request: &Request<'_>) -> bool {
    let accept = request.header("accept").unwrap_or_default();
    let kinds = accept.split(',').filter_map(|range| range.split(';').next());
    kinds.map(str::trim).any(|kind| kind.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str, accept: &str) -> Result<ContainerQuery, ListError> {
        let target = format!("/v1/AUTH_acme/photos?{query}");
        let headers = [("host", "h"), ("accept", accept)];
        ContainerQuery::parse(&Request::parse("GET", &target, headers).unwrap())
    }

    #[test]
    fn reads_what_clients_send() {
        let plain = ContainerQuery { limit: MAX_LIMIT, ..ContainerQuery::default() };
        assert_eq!(parse("", "*/*"), Ok(plain.clone()));
        assert_eq!(parse("format=plain&limit=&marker=&end_marker=", "*/*"), Ok(plain.clone()));
        let json = ContainerQuery { format: Format::Json, ..plain.clone() };
        assert_eq!(parse("", "text/html, application/json;q=0.9"), Ok(json.clone()));
        assert_eq!(parse("format=json", "*/*"), Ok(json.clone()));
        assert_eq!(parse("format=plain", "application/json"), Ok(plain));
        let expected = ContainerQuery {
            prefix: "a b/é".to_owned(),
            delimiter: "/".to_owned(),
            limit: 7,
            is_limited: true,
            marker: "a b/é/1".to_owned(),
            end_marker: Some("b".to_owned()),
            ..json
        };
        let query = "format=json&marker=a%20b/%C3%A9/1&limit=7&prefix=a%20b/%C3%A9&delimiter=/\
                     &end_marker=b";
        assert_eq!(parse(query, "*/*"), Ok(expected));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (query, expected) in [
            ("format=xml", "Format"),
            ("limit=10001", "Limit"),
            ("limit=-1", "Argument"),
            ("limit=x", "Argument"),
            ("path=a", "Argument"),
            ("reverse=on", "Argument"),
            ("delimiter=a", "Argument"),
            ("prefix=a&prefix=b", "Argument"),
            ("marker=%00", "Argument"),
            ("marker=%ff", "Argument"),
            ("versions", "SubResource"),
            ("multipart-manifest=get", "SubResource"),
            ("list-type=2", "SubResource"),
        ] {
            let error = format!("{:?}", parse(query, "*/*").unwrap_err());
            assert!(error.starts_with(expected), "{query}: {error}");
        }
    }
}
