//! What the function is invoked with: a request, or what nobody waits for.
//!
//! | who says it | how it is known | its key |
//! |---|---|---|
//! | [S3] | `Records`, all with the `eventSource` `aws:s3` | as in a form: `+` is a space |
//! | S3, to see whether it can | `Event` is `s3:TestEvent` | |
//! | S3 by [EventBridge] | `source` is `aws.s3` | as it is |
//! | a [schedule] | `source` is `aws.events`, `detail-type` is `Scheduled Event` | |
//!
//! [S3]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
//! [EventBridge]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
//! [schedule]: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html

use cloakroom_core::desk::inspection::StoreEvent;
use cloakroom_core::encoding::decode;
use cloakroom_core::time::UnixTime;
use serde::Deserialize;
use serde_json::Value;

use crate::event::Event;
use crate::payload::Payload;

/// What the function is invoked with.
#[derive(Deserialize)]
#[serde(try_from = "Payload")]
pub(crate) enum Invocation {
    /// A request, which is answered.
    Request(Event),
    /// Something else.
    Notification(Notification),
}

/// What nobody waits for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notification {
    /// These things happened in a bucket.
    Objects(Vec<StoreEvent>),
    /// It is time to end uploads that are too old at this time.
    Sweep(UnixTime),
}

/// A record of S3.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: Option<String>,
    s3: Option<Detail>,
}

/// What S3 says of an object, by itself or by EventBridge.
#[derive(Deserialize)]
struct Detail {
    bucket: Named,
    object: Object,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(alias = "eTag")]
    etag: Option<String>,
    #[serde(alias = "versionId", alias = "version-id")]
    version_id: Option<String>,
    sequencer: Option<String>,
}

impl TryFrom<Payload> for Invocation {
    type Error = String;

    fn try_from(payload: Payload) -> Result<Self, Self::Error> {
        match Notification::read(&payload)? {
            Some(notification) => Ok(Self::Notification(notification)),
            None => Event::try_from(payload).map(Self::Request),
        }
    }
}

impl Notification {
    fn read(payload: &Payload) -> Result<Option<Self>, String> {
        let text =
            |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        let malformed = |error: serde_json::Error| format!("an event of S3 is malformed: {error}");
        if text(&payload.event).as_deref() == Some("s3:TestEvent") {
            return Ok(Some(Self::Objects(Vec::new())));
        }
        let (source, kind) = (text(&payload.source), text(&payload.detail_type));
        match (source.as_deref(), kind, &payload.records) {
            (Some("aws.s3"), Some(name), _) => {
                let detail = payload.detail.clone().unwrap_or_default();
                let detail = Detail::deserialize(detail).map_err(malformed)?;
                Ok(Some(Self::Objects(vec![detail.event(name)])))
            }
            (Some("aws.events"), Some(kind), _) if kind == "Scheduled Event" => {
                let time = text(&payload.time).and_then(|text| UnixTime::parse_rfc3339(&text));
                let time = time.ok_or("`time` is not the time of a scheduled event")?;
                Ok(Some(Self::Sweep(time)))
            }
            (None, None, Some(records)) if is_of_s3(records) => {
                let records = Vec::<Record>::deserialize(records).map_err(malformed)?;
                let events = records.into_iter().map(Record::event).collect::<Result<_, _>>()?;
                Ok(Some(Self::Objects(events)))
            }
            _ => Ok(None),
        }
    }
}

/// Whether these are records of S3, and nothing else.
fn is_of_s3(records: &Value) -> bool {
    let is_s3 = |record: &Value| record.get("eventSource").is_some_and(|it| it == "aws:s3");
    records.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(is_s3))
}

impl Record {
    fn event(self) -> Result<StoreEvent, String> {
        let mut detail = self.s3.ok_or("a record of S3 has no `s3`")?;
        let spaced = detail.object.key.replace('+', " ");
        let key = decode(&spaced).ok().and_then(|key| String::from_utf8(key.into_owned()).ok());
        detail.object.key = key.ok_or("a key in a record of S3 is not encoded as in a form")?;
        Ok(detail.event(self.event_name.unwrap_or_default()))
    }
}

impl Detail {
    fn event(self, name: String) -> StoreEvent {
        let Object { key, etag, version_id, sequencer } = self.object;
        StoreEvent { name, bucket: self.bucket.name, key, etag, version_id, sequencer }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: Value) -> Result<Option<Notification>, String> {
        Notification::read(&serde_json::from_value(event).unwrap())
    }

    /// A record as AWS documents it, without what is not read.
    fn record(source: &str, key: &str) -> Value {
        json!({
            "eventVersion": "2.1", "eventSource": source, "awsRegion": "eu-west-1",
            "eventTime": "2026-11-26T12:00:00.000Z", "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "c",
                "bucket": { "name": "media", "arn": "arn:aws:s3:::media" },
                "object": {
                    "key": key, "size": 3, "eTag": "e", "versionId": "v", "sequencer": "0055"
                }
            }
        })
    }

    fn bridged(source: &str) -> Value {
        json!({
            "version": "0", "id": "1", "detail-type": "Object Created", "source": source,
            "time": "2026-11-26T12:00:00Z", "resources": ["arn:aws:s3:::media"],
            "detail": {
                "version": "0", "bucket": { "name": "media" }, "reason": "PutObject",
                "object": { "key": "a+b%20", "etag": "e", "version-id": "v", "sequencer": "0055" }
            }
        })
    }

    fn event(name: &str, key: &str) -> Notification {
        let text = |text: &str| Some(text.to_owned());
        Notification::Objects(vec![StoreEvent {
            name: name.to_owned(),
            bucket: "media".to_owned(),
            key: key.to_owned(),
            etag: text("e"),
            version_id: text("v"),
            sequencer: text("0055"),
        }])
    }

    #[test]
    fn s3_encodes_keys_and_event_bridge_does_not() {
        for (key, decoded) in [
            ("users/alice/a+b%2Bc%25.jpg", "users/alice/a b+c%.jpg"),
            ("%C3%A9t%C3%A9/%F0%9F%A7%A5", "été/🧥"),
            ("a%3D1%26b", "a=1&b"),
        ] {
            let records = json!({ "Records": [record("aws:s3", key)] });
            assert_eq!(read(records), Ok(Some(event("ObjectCreated:Put", decoded))), "{key}");
        }
        assert_eq!(read(bridged("aws.s3")), Ok(Some(event("Object Created", "a+b%20"))));
        for key in ["a%2", "a%zz", "%FF"] {
            let error = read(json!({ "Records": [record("aws:s3", key)] })).unwrap_err();
            assert!(error.contains("not encoded as in a form"), "{error}");
        }
    }

    #[test]
    fn tests_and_schedules() {
        let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "media" });
        assert_eq!(read(test), Ok(Some(Notification::Objects(Vec::new()))));
        let mut schedule = json!({
            "version": "0", "detail-type": "Scheduled Event", "source": "aws.events",
            "time": "1970-01-02T00:00:00Z", "detail": {}
        });
        let time = UnixTime::from_secs(86_400);
        assert_eq!(read(schedule.clone()), Ok(Some(Notification::Sweep(time))));
        schedule["time"] = json!("soon");
        assert!(read(schedule).unwrap_err().contains("`time`"));
    }

    #[test]
    fn what_others_say_is_no_notification() {
        let mixed = [record("aws:s3", "a"), record("aws:sqs", "a")];
        for other in [
            json!({ "Records": [] }),
            json!({ "Records": 1 }),
            json!({ "Records": mixed }),
            json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {} }] }),
            bridged("aws.ec2"),
            json!({ "source": 7, "detail-type": [] }),
            json!({ "Event": "s3:Other" }),
        ] {
            assert_eq!(read(other.clone()), Ok(None), "{other}");
            let error = serde_json::from_value::<Invocation>(other).err().unwrap().to_string();
            assert!(error.contains("neither a function URL"), "{error}");
        }
        let mut broken = record("aws:s3", "a");
        broken["s3"]["bucket"] = json!({});
        let error = read(json!({ "Records": [broken] })).unwrap_err();
        assert!(error.contains("malformed") && error.contains("name"), "{error}");
        let mut broken = bridged("aws.s3");
        broken["detail"] = json!("x");
        assert!(read(broken).unwrap_err().contains("malformed"));
    }
}
