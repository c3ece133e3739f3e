//! The policy statement: what is signed.
//!
//! ```json
//! {"Statement":[{"Resource":"https://media.example/users/alice/*","Condition":{
//!     "DateLessThan":{"AWS:EpochTime":1767290400},
//!     "IpAddress":{"AWS:SourceIp":"192.0.2.0/24"},
//!     "DateGreaterThan":{"AWS:EpochTime":1767280400}}}]}
//! ```

use std::fmt::Write;

use crate::capability::{CapabilityError, malformed};
use crate::json::Json;
use crate::time::UnixTime;

use super::resource::Resource;
use super::source_ip::SourceIp;

/// One statement; a policy has no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it opens; everything when it does not say.
    pub resource: Option<Resource>,
    /// `DateLessThan`: the first second at which it opens nothing any more.
    pub expires_at: UnixTime,
    /// `DateGreaterThan`: the first second at which it opens something.
    pub starts_at: Option<UnixTime>,
    /// `IpAddress`: for whom it opens something; everyone when it does not say.
    pub source_ip: Option<SourceIp>,
}

impl Statement {
    /// Reads the text of a policy. Names that are not known are refused, since they may narrow
    /// what was meant.
    ///
    /// # Errors
    /// [`CapabilityError::Malformed`] with the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, CapabilityError> {
        let policy = Json::parse(text).unwrap_or(Json::Null);
        let [statement] = fields(&policy, "Policy", ["Statement"])?;
        let Some(Json::Array(statements)) = statement else {
            return malformed("Statement", "an array");
        };
        let [statement] = statements.as_slice() else {
            return malformed("Statement", "one statement and no more");
        };
        let [resource, condition] = fields(statement, "Statement", ["Resource", "Condition"])?;
        let names = ["DateLessThan", "DateGreaterThan", "IpAddress"];
        let conditions = fields(condition.unwrap_or(&Json::Null), "Condition", names)?;
        let [less_than, greater_than, ip_address] = conditions;
        let Some(less_than) = less_than else {
            return malformed("DateLessThan", "given");
        };
        Ok(Self {
            resource: resource.map(parse_resource).transpose()?,
            expires_at: parse_time(less_than, "DateLessThan")?,
            starts_at: greater_than.map(|at| parse_time(at, "DateGreaterThan")).transpose()?,
            source_ip: ip_address.map(parse_source_ip).transpose()?,
        })
    }

    /// The text of the policy as botocore writes it. Of a statement with an expiry alone it is
    /// the canned policy, whose order of names is fixed.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\"Statement\":[{");
        if let Some(resource) = &self.resource {
            // INVARIANT: a resource holds nothing that JSON would escape.
            json.push_str("\"Resource\":\"");
            json.push_str(resource.as_str());
            json.push_str("\",");
        }
        json.push_str("\"Condition\":{");
        write_time(&mut json, "DateLessThan", self.expires_at);
        if let Some(range) = self.source_ip {
            let _ = write!(json, ",\"IpAddress\":{{\"AWS:SourceIp\":\"{range}\"}}");
        }
        if let Some(starts_at) = self.starts_at {
            json.push(',');
            write_time(&mut json, "DateGreaterThan", starts_at);
        }
        json.push_str("}}]}");
        json
    }
}

fn write_time(json: &mut String, name: &str, time: UnixTime) {
    let _ = write!(json, "\"{name}\":{{\"AWS:EpochTime\":{}}}", time.as_secs());
}

/// The values of `names` in an object that has no others.
fn fields<'j, const N: usize>(
    json: &'j Json,
    part: &'static str,
    names: [&str; N],
) -> Result<[Option<&'j Json>; N], CapabilityError> {
    let Json::Object(found) = json else {
        return malformed(part, "a JSON object in which no name occurs twice");
    };
    if found.iter().any(|(name, _)| !names.contains(&name.as_str())) {
        return malformed(part, "without other names than CloudFront's");
    }
    Ok(names.map(|name| json.get(name)))
}

fn parse_resource(json: &Json) -> Result<Resource, CapabilityError> {
    match json.as_str().and_then(Resource::parse) {
        Some(resource) => Ok(resource),
        None => malformed("Resource", "a URL that begins with `http://`, `https://` or `*`"),
    }
}

fn parse_time(json: &Json, part: &'static str) -> Result<UnixTime, CapabilityError> {
    let [time] = fields(json, part, ["AWS:EpochTime"])?;
    match time.and_then(Json::as_u64) {
        Some(secs) => Ok(UnixTime::from_secs(secs)),
        None => malformed(part, "an `AWS:EpochTime` in whole seconds"),
    }
}

fn parse_source_ip(json: &Json) -> Result<SourceIp, CapabilityError> {
    let [range] = fields(json, "IpAddress", ["AWS:SourceIp"])?;
    match range.and_then(Json::as_str).and_then(SourceIp::parse) {
        Some(range) => Ok(range),
        None => malformed("IpAddress", "an `AWS:SourceIp` that is an IPv4 address or range"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn statement(resource: &str, expires_at: u64) -> Statement {
        Statement {
            resource: Some(Resource::parse(resource).unwrap()),
            expires_at: UnixTime::from_secs(expires_at),
            starts_at: None,
            source_ip: None,
        }
    }

    /// *Create a signed URL using a canned policy*, without the white space, as it asks for.
    #[test]
    fn the_canned_policy_of_the_developer_guide() {
        let url = "https://d111111abcdef8.cloudfront.net/horizon.jpg?size=large&license=yes";
        assert_eq!(
            statement(url, 1_357_034_400).to_json(),
            "{\"Statement\":[{\"Resource\":\"https://d111111abcdef8.cloudfront.net/horizon.jpg\
             ?size=large&license=yes\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":\
             1357034400}}}]}"
        );
    }

    /// The third example of *Create a signed URL using a custom policy*, as it stands there.
    #[test]
    fn a_custom_policy_of_the_developer_guide() {
        let text = r#"{
            "Statement": [
               {
                  "Resource":"http://*",
                  "Condition":{
                     "IpAddress":{"AWS:SourceIp":"192.0.2.10/32"},
                     "DateGreaterThan":{"AWS:EpochTime":1357034400},
                     "DateLessThan":{"AWS:EpochTime":1357120800}
                  }
               }
            ]
         }
"#;
        let expected = Statement {
            starts_at: Some(UnixTime::from_secs(1_357_034_400)),
            source_ip: SourceIp::parse("192.0.2.10"),
            ..statement("http://*", 1_357_120_800)
        };
        assert_eq!(Statement::parse(text), Ok(expected));
    }

    #[test]
    fn each_part_has_its_form() {
        let good = r#"{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":7},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}}]}"#;
        assert!(Statement::parse(good).is_ok());
        for (from, to, wrong) in [
            (good, "", "Policy"),
            (good, "[]", "Policy"),
            ("{\"Statement\"", "{\"Version\":\"2012-10-17\",\"Statement\"", "Policy"),
            ("}]}", "}]}x", "Policy"),
            ("\"Resource\":\"*\"", "\"Resource\":\"*\",\"Resource\":\"*\"", "Policy"),
            ("[{", "{", "Policy"),
            ("}]}", "},{}]}", "Statement"),
            ("\"Resource\"", "\"resource\"", "Statement"),
            ("\"Resource\"", "\"Effect\":\"Allow\",\"Resource\"", "Statement"),
            ("\"*\"", "[\"*\"]", "Resource"),
            ("\"*\"", "\"\"", "Resource"),
            ("\"*\"", "\"ftp://h\"", "Resource"),
            ("\"Condition\"", "\"NoCondition\"", "Statement"),
            ("DateLessThan", "DateLessThanEquals", "Condition"),
            ("DateLessThan", "DateGreaterThan", "DateLessThan"),
            ("AWS:EpochTime", "aws:EpochTime", "DateLessThan"),
            (":7}", ":\"7\"}", "DateLessThan"),
            (":7}", ":-7}", "DateLessThan"),
            (":7}", ":7.0}", "DateLessThan"),
            (":7}", ":07}", "Policy"),
            (":7}", ":null}", "DateLessThan"),
            ("192.0.2.0/24", "2001:db8::/32", "IpAddress"),
            ("\"192.0.2.0/24\"", "[\"192.0.2.0/24\"]", "IpAddress"),
            ("AWS:SourceIp", "AWS:VpcSourceIp", "IpAddress"),
            ("IpAddress", "NotIpAddress", "Condition"),
        ] {
            let text = good.replacen(from, to, 1);
            let found = Statement::parse(&text).unwrap_err();
            assert!(
                matches!(found, CapabilityError::Malformed { part, .. } if part == wrong),
                "{text}: {found:?}"
            );
        }
        let everything = good.replace("\"Resource\":\"*\",", "");
        assert_eq!(Statement::parse(&everything).unwrap().resource, None);
        let empty = Statement::parse(r#"{"Statement":[]}"#).unwrap_err();
        assert!(matches!(empty, CapabilityError::Malformed { part: "Statement", .. }));
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            resource in proptest::option::of("(https?://|\\*|h)[!#-\\[\\]-~]{0,30}"),
            secs in 0..=UnixTime::MAX.as_secs(),
            start in proptest::option::of(0..=UnixTime::MAX.as_secs()),
            range in proptest::option::of(("[0-9]{1,2}\\.0\\.2\\.[0-9]", 0_u8..=32)),
        ) {
            let statement = Statement {
                resource: resource.as_deref().and_then(Resource::parse),
                expires_at: UnixTime::from_secs(secs),
                starts_at: start.map(UnixTime::from_secs),
                source_ip: range.and_then(|(ip, bits)| SourceIp::parse(&format!("{ip}/{bits}"))),
            };
            prop_assert_eq!(Statement::parse(&statement.to_json()), Ok(statement));
        }

        #[test]
        fn reading_never_panics(text in "[{}\\[\\]\":,AWSa-z0-9]{0,60}") {
            let _ = Statement::parse(&text);
        }
    }
}
