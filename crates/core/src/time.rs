//! Points in time, always passed in by the caller.
//!
//! Three notations are used by the formats: the basic ISO 8601 form of AWS
//! (`20130524T000000Z`), RFC 3339 (`2013-05-24T00:00:00Z`), and that of HTTP
//! (`Fri, 24 May 2013 00:00:00 GMT`).

use std::time::Duration;

use time::{Date, Month, OffsetDateTime, Time};

/// Seconds since 1970-01-01T00:00:00Z, within the years 1970 to 9999.
///
/// ```
/// # use cloakroom_core::time::UnixTime;
/// let t = UnixTime::parse_amz_date("20130524T000000Z").unwrap();
/// assert_eq!(t.as_secs(), 1_369_353_600);
/// assert_eq!(t.to_rfc3339(), "2013-05-24T00:00:00Z");
/// assert_eq!(UnixTime::parse_amz_date("20130231T000000Z"), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// 9999-12-31T23:59:59Z, the last second that four digits of year can name.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time `secs` seconds after the epoch; later than [`UnixTime::MAX`] becomes `MAX`.
    pub const fn from_secs(secs: u64) -> Self {
        if secs > Self::MAX.0 { Self::MAX } else { Self(secs) }
    }

    /// Seconds since the epoch.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// This time plus `rest`, at most [`UnixTime::MAX`].
    #[must_use]
    pub fn saturating_add(self, rest: Duration) -> Self {
        Self::from_secs(self.0.saturating_add(rest.as_secs()))
    }

    /// This time minus `rest`, at least the epoch.
    #[must_use]
    pub fn saturating_sub(self, rest: Duration) -> Self {
        Self(self.0.saturating_sub(rest.as_secs()))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// Reads `YYYYMMDDTHHMMSSZ`.
    pub fn parse_amz_date(text: &str) -> Option<Self> {
        AmzDate::parse(text).map(|date| date.time)
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ`, the UTC form of RFC 3339 in whole seconds.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let [
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T',
            h1,
            h2,
            b':',
            n1,
            n2,
            b':',
            s1,
            s2,
            b'Z',
        ] = *bytes
        else {
            return None;
        };
        Self::from_digits([y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2])
    }

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the form of RFC 9110, section 5.6.7, that everybody
    /// sends. The day of the week is not looked at.
    ///
    /// ```
    /// # use cloakroom_core::time::UnixTime;
    /// let time = UnixTime::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    /// assert_eq!(time.map(UnixTime::as_secs), Some(784_111_777));
    /// assert_eq!(UnixTime::parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), None);
    /// ```
    pub fn parse_http_date(text: &str) -> Option<Self> {
        const MONTHS: [&[u8; 3]; 12] = [
            b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
            b"Dec",
        ];
        let bytes: &[u8; 29] = text.as_bytes().try_into().ok()?;
        let [
            _,
            _,
            _,
            b',',
            b' ',
            d1,
            d2,
            b' ',
            l1,
            l2,
            l3,
            b' ',
            y1,
            y2,
            y3,
            y4,
            b' ',
            h1,
            h2,
            b':',
            n1,
            n2,
            b':',
            s1,
            s2,
            b' ',
            b'G',
            b'M',
            b'T',
        ] = *bytes
        else {
            return None;
        };
        let (month, _) = (1_u8..).zip(MONTHS).find(|(_, name)| **name == [l1, l2, l3])?;
        let [m1, m2] = [b'0' + month / 10, b'0' + month % 10];
        Self::from_digits([y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2])
    }

    /// The time as `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// ```
    /// # use cloakroom_core::time::UnixTime;
    /// let time = UnixTime::from_secs(784_111_777);
    /// assert_eq!(time.to_http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
    /// assert_eq!(UnixTime::parse_http_date(&time.to_http_date()), Some(time));
    /// ```
    pub fn to_http_date(self) -> String {
        let at = self.to_date_time();
        let three = |name: String| name.get(..3).unwrap_or_default().to_owned();
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            three(at.weekday().to_string()),
            at.day(),
            three(at.month().to_string()),
            at.year(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }

    fn from_digits(digits: [u8; 14]) -> Option<Self> {
        let mut value = [0_u16; 14];
        for (value, digit) in value.iter_mut().zip(digits) {
            *value = u16::from(digit.checked_sub(b'0').filter(|d| *d <= 9)?);
        }
        let [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2] = value;
        let two = |tens: u16, ones: u16| u8::try_from(tens * 10 + ones).ok();
        let year = y1 * 1000 + y2 * 100 + y3 * 10 + y4;
        let month = Month::try_from(two(m1, m2)?).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, two(d1, d2)?).ok()?;
        let time = Time::from_hms(two(h1, h2)?, two(n1, n2)?, two(s1, s2)?).ok()?;
        let secs = OffsetDateTime::new_utc(date, time).unix_timestamp();
        u64::try_from(secs).ok().map(Self)
    }

    /// The time as `YYYYMMDDTHHMMSSZ`.
    pub fn to_amz_date(self) -> AmzDate {
        let [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2] = self.digits();
        let text = [y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z'];
        AmzDate { time: self, text }
    }

    /// The time as `YYYY-MM-DDTHH:MM:SSZ`.
    pub fn to_rfc3339(self) -> String {
        let [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2] = self.digits();
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z']
            .map(char::from)
            .iter()
            .collect()
    }

    fn to_date_time(self) -> OffsetDateTime {
        // INVARIANT: `self` is within the calendar's range, so the fallback is never taken.
        i64::try_from(self.0)
            .ok()
            .and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    fn digits(self) -> [u8; 14] {
        let at = self.to_date_time();
        let year = u16::try_from(at.year()).unwrap_or_default();
        let century = u8::try_from(year / 100).unwrap_or_default();
        let year = u8::try_from(year % 100).unwrap_or_default();
        let two = |n: u8| [b'0' + n / 10, b'0' + n % 10];
        let ([y1, y2], [y3, y4]) = (two(century), two(year));
        let ([m1, m2], [d1, d2]) = (two(u8::from(at.month())), two(at.day()));
        let ([h1, h2], [n1, n2], [s1, s2]) = (two(at.hour()), two(at.minute()), two(at.second()));
        [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2]
    }
}

/// A time written as `YYYYMMDDTHHMMSSZ`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AmzDate {
    time: UnixTime,
    text: [u8; 16],
}

impl AmzDate {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        let text: [u8; 16] = text.as_bytes().try_into().ok()?;
        let [y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z'] = text else {
            return None;
        };
        let digits = [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2];
        UnixTime::from_digits(digits).map(|time| Self { time, text })
    }

    /// The time.
    pub fn time(&self) -> UnixTime {
        self.time
    }

    /// All sixteen characters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The same as bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.text
    }

    /// The first eight characters, `YYYYMMDD`, as credential scopes use them.
    pub fn date(&self) -> [u8; 8] {
        let [y1, y2, y3, y4, m1, m2, d1, d2, ..] = self.text;
        [y1, y2, y3, y4, m1, m2, d1, d2]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_is_not_a_time() {
        for text in [
            "",
            "20130524",
            "20130524T000000",
            "20130524 000000Z",
            "20130524T240000Z",
            "20131324T000000Z",
            "2013052٤T0000Z",
            "20130524T00000aZ",
            "19691231T235959Z",
        ] {
            assert_eq!(UnixTime::parse_amz_date(text), None, "{text}");
        }
        assert_eq!(UnixTime::parse_rfc3339("2013-05-24T00:00:00+00:00"), None);
    }

    #[test]
    fn clamps_to_the_calendar() {
        assert_eq!(UnixTime::from_secs(u64::MAX), UnixTime::MAX);
        assert_eq!(UnixTime::MAX.to_rfc3339(), "9999-12-31T23:59:59Z");
        assert_eq!(UnixTime::MAX.saturating_add(Duration::from_secs(1)), UnixTime::MAX);
    }

    proptest! {
        #[test]
        fn both_notations_read_back(secs in 0..=UnixTime::MAX.0) {
            let t = UnixTime::from_secs(secs);
            prop_assert_eq!(UnixTime::parse_amz_date(t.to_amz_date().as_str()), Some(t));
            prop_assert_eq!(UnixTime::parse_rfc3339(&t.to_rfc3339()), Some(t));
        }
    }
}
