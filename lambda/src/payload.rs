//! The JSON of an event, of whichever kind.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// What events hold, as far as it is needed. Its meaning is in [`Event`](crate::event::Event), for
/// the four kinds of requests, and in [`Notification`](crate::notification::Notification).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    pub(crate) version: Option<String>,
    pub(crate) raw_path: Option<String>,
    pub(crate) raw_query_string: Option<String>,
    pub(crate) cookies: Option<Vec<String>>,
    pub(crate) http_method: Option<String>,
    pub(crate) path: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(crate) headers: Multi,
    pub(crate) multi_value_headers: Option<Multi>,
    #[serde(default, deserialize_with = "or_empty")]
    pub(crate) query_string_parameters: Multi,
    pub(crate) multi_value_query_string_parameters: Option<Multi>,
    #[serde(default)]
    pub(crate) request_context: Context,
    pub(crate) body: Option<String>,
    pub(crate) is_base64_encoded: Option<bool>,
    /// What S3 says.
    #[serde(rename = "Records")]
    pub(crate) records: Option<Value>,
    /// The name of a test of S3.
    #[serde(rename = "Event")]
    pub(crate) event: Option<Value>,
    /// Who says something by EventBridge.
    pub(crate) source: Option<Value>,
    #[serde(rename = "detail-type")]
    pub(crate) detail_type: Option<Value>,
    pub(crate) detail: Option<Value>,
    /// When it says so.
    pub(crate) time: Option<Value>,
}

/// `requestContext`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Context {
    pub(crate) domain_name: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) http: Option<Http>,
    pub(crate) identity: Option<Identity>,
    pub(crate) elb: Option<LoadBalancer>,
}

/// `requestContext.http` of function URLs and HTTP APIs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) source_ip: Option<String>,
}

/// `requestContext.identity` of REST APIs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) source_ip: Option<String>,
}

/// `requestContext.elb` of load balancers: that it is there says enough.
#[derive(Deserialize)]
pub(crate) struct LoadBalancer {}

/// Names with their values, in the order of the event.
#[derive(Default)]
pub(crate) struct Multi(Vec<(String, Values)>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

impl Multi {
    /// Each value with its name.
    pub(crate) fn singles(self) -> Vec<(String, String)> {
        let of_name = |(name, values): (String, Values)| {
            let values = match values {
                Values::One(value) => vec![value],
                Values::Several(values) => values,
            };
            values.into_iter().map(move |value| (name.clone(), value))
        };
        self.0.into_iter().flat_map(of_name).collect()
    }
}

impl<'de> Deserialize<'de> for Multi {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Multi;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut names = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    names.push(entry);
                }
                Ok(Multi(names))
            }
        }
        deserializer.deserialize_map(Names)
    }
}

/// `null` means nothing, too.
fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Multi, D::Error> {
    Ok(Option::<Multi>::deserialize(deserializer)?.unwrap_or_default())
}
