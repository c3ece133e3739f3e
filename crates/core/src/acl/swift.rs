//! Swift's container ACLs: `X-Container-Read` and `X-Container-Write` (`clean_acl` and
//! `parse_acl` of `swift.common.middleware.acl`, decided as `tempauth` decides).
//!
//! ```text
//! .r:*,.r:-.thief.example,.rlistings,acme,globex:sue
//! ```
//!
//! Items are separated by commas. A group is an account, which means all of its users, or
//! `account:user`. In a read ACL a group opens listings, too; referrers open them with
//! `.rlistings` only. Referrers stand in no write ACL.

use std::fmt;

use super::referrer::{Designation, Effect, Hosts, deciding};

/// Why something is not a container ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwiftAclError {
    /// A referrer designation in a write ACL.
    ReferrerInWrite {
        /// The item.
        item: String,
    },
    /// A referrer designation without a host.
    NoHost {
        /// The item.
        item: String,
    },
    /// An item begins with a dot and is no referrer designation.
    UnknownDesignator {
        /// The item.
        item: String,
    },
}

impl fmt::Display for SwiftAclError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReferrerInWrite { item } => write!(
                f,
                "has `{item}`; referrers may read only, so name an account or `account:user`"
            ),
            Self::NoHost { item } => write!(
                f,
                "has `{item}` without a host; write `.r:*`, `.r:www.example.com` or \
                 `.r:.example.com`"
            ),
            Self::UnknownDesignator { item } => write!(
                f,
                "has `{item}`, whose designator is unknown; referrers are written \
                 `.r:www.example.com`"
            ),
        }
    }
}

/// Which of a container's two ACLs is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerHeader {
    /// `X-Container-Read`
    Read,
    /// `X-Container-Write`
    Write,
}

/// One of a container's two ACLs. It is written in the form that Swift keeps.
///
/// ```
/// # use cloakroom_core::acl::swift::{ContainerAcl, ContainerHeader};
/// let acl = ContainerAcl::parse(" .referrer : *.example.com ,, bob", ContainerHeader::Read);
/// assert_eq!(acl.unwrap().to_string(), ".r:.example.com,bob");
/// assert!(ContainerAcl::parse(".r:*", ContainerHeader::Write).is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerAcl {
    items: Vec<Item>,
}

/// One item of a container ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// `.r:…`
    Referrer(Designation),
    /// `.rlistings`
    Listings,
    /// `account` or `account:user`
    Group(String),
}

/// By what a container ACL lets somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// `.r:*`, and nobody is kept out.
    Everyone,
    /// A referrer designation.
    Referrer(&'a Designation),
    /// A group.
    Group(&'a str),
}

impl ContainerAcl {
    /// Reads an ACL.
    ///
    /// # Errors
    /// [`SwiftAclError`] when Swift would refuse to set it.
    pub fn parse(text: &str, header: ContainerHeader) -> Result<Self, SwiftAclError> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        Ok(Self { items: items.map(|item| Item::parse(item, header)).collect::<Result<_, _>>()? })
    }

    /// The items in order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// By what, if by anything, one in `groups` whose request has this Referer may have objects.
    pub fn admits(&self, groups: &[&str], referer: Option<&str>) -> Option<Entry<'_>> {
        self.referrer(referer).or_else(|| self.group(groups))
    }

    /// By what, if by anything, the same may have a listing.
    pub fn admits_listing(&self, groups: &[&str], referer: Option<&str>) -> Option<Entry<'_>> {
        let listings = self.items.contains(&Item::Listings);
        self.referrer(referer).filter(|_| listings).or_else(|| self.group(groups))
    }

    fn referrer(&self, referer: Option<&str>) -> Option<Entry<'_>> {
        let designations = || {
            self.items.iter().filter_map(|item| match item {
                Item::Referrer(designation) => Some(designation),
                _ => None,
            })
        };
        let deciding = deciding(designations(), referer)?;
        let denied = designations().any(|designation| designation.effect == Effect::Deny);
        match (deciding.effect, &deciding.hosts) {
            (Effect::Deny, _) => None,
            (Effect::Allow, Hosts::Any) if !denied => Some(Entry::Everyone),
            (Effect::Allow, _) => Some(Entry::Referrer(deciding)),
        }
    }

    fn group(&self, groups: &[&str]) -> Option<Entry<'_>> {
        self.items.iter().find_map(|item| match item {
            Item::Group(group) if groups.contains(&group.as_str()) => Some(Entry::Group(group)),
            _ => None,
        })
    }
}

impl Item {
    fn parse(item: &str, header: ContainerHeader) -> Result<Self, SwiftAclError> {
        let Some((designator, host)) = item.split_once(':') else {
            return Ok(match item {
                ".rlistings" => Self::Listings,
                group => Self::Group(group.to_owned()),
            });
        };
        let item = || item.to_owned();
        match designator.trim() {
            ".r" | ".ref" | ".referer" | ".referrer" => {
                if header == ContainerHeader::Write {
                    return Err(SwiftAclError::ReferrerInWrite { item: item() });
                }
                let host = clean_host(host.trim());
                host.map(Self::Referrer).ok_or_else(|| SwiftAclError::NoHost { item: item() })
            }
            other if other.starts_with('.') => {
                Err(SwiftAclError::UnknownDesignator { item: item() })
            }
            _ => Ok(Self::Group(item())),
        }
    }
}

/// `*.example.com` is kept as `.example.com`.
fn clean_host(text: &str) -> Option<Designation> {
    let (minus, host) = match text.strip_prefix('-') {
        Some(host) => ("-", host.trim()),
        None => ("", text),
    };
    let host = match host.strip_prefix('*') {
        Some("") | None => host,
        Some(below) => below.trim(),
    };
    let named = !matches!(host, "" | ".");
    // Put together first: `*-host` is a denial in Swift, too.
    named.then(|| Designation::parse(&format!("{minus}{host}")))
}

impl fmt::Display for ContainerAcl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, item) in self.items.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma}{item}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Referrer(designation) => designation.fmt(f),
            Self::Listings => f.write_str(".rlistings"),
            Self::Group(group) => f.write_str(group),
        }
    }
}

/// The groups that `tempauth` puts a user in: its account, and itself.
pub fn groups_of(user: &str) -> Vec<&str> {
    match user.split_once(':') {
        Some((account, _)) => vec![account, user],
        None => vec![user],
    }
}

/// Both ACLs of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwiftAcl {
    /// Who may read.
    pub read: ContainerAcl,
    /// Who may write.
    pub write: ContainerAcl,
}

impl fmt::Display for SwiftAcl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "swift read `{}` write `{}`", self.read, self.write)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> ContainerAcl {
        ContainerAcl::parse(text, ContainerHeader::Read).unwrap()
    }

    #[test]
    fn cleans_as_swift_documents() {
        for (messy, clean) in [
            ("bob, sue", "bob,sue"),
            ("bob , sue", "bob,sue"),
            ("bob,,,sue", "bob,sue"),
            (".referrer : *", ".r:*"),
            (".ref:*.example.com", ".r:.example.com"),
            (".referer: - *.example.com", ".r:-.example.com"),
            (".r:*, .rlistings", ".r:*,.rlistings"),
            (".r:-*", ".r:-*"),
            ("acme:bob", "acme:bob"),
            ("", ""),
        ] {
            assert_eq!(read(messy).to_string(), clean, "{messy}");
        }
    }

    #[test]
    fn refuses_what_swift_refuses() {
        for item in [".r:", ".r:-", ".r: .", ".r:*.", ".ref:-*."] {
            let error = ContainerAcl::parse(item, ContainerHeader::Read).unwrap_err();
            assert_eq!(error, SwiftAclError::NoHost { item: item.into() });
        }
        let error = ContainerAcl::parse("bob,.rx:*", ContainerHeader::Read).unwrap_err();
        assert_eq!(error, SwiftAclError::UnknownDesignator { item: ".rx:*".into() });
        let error = ContainerAcl::parse("bob,.ref:*", ContainerHeader::Write).unwrap_err();
        assert_eq!(error, SwiftAclError::ReferrerInWrite { item: ".ref:*".into() });
    }

    #[test]
    fn referrers_list_only_with_rlistings_and_groups_always() {
        let page = Some("https://www.example.com/");
        assert!(read(".r:.example.com").admits(&[], page).is_some());
        assert_eq!(read(".r:.example.com").admits_listing(&[], page), None);
        assert!(read(".r:.example.com,.rlistings").admits_listing(&[], page).is_some());
        assert_eq!(read(".rlistings").admits_listing(&[], page), None);
        assert_eq!(read("acme").admits_listing(&["acme"], None), Some(Entry::Group("acme")));
    }

    #[test]
    fn everyone_means_whatever_the_page() {
        assert_eq!(read(".r:*").admits(&[], None), Some(Entry::Everyone));
        let but_one = read(".r:*,.r:-thief.example");
        assert!(matches!(but_one.admits(&[], None), Some(Entry::Referrer(_))));
        assert_eq!(but_one.admits(&[], Some("http://thief.example/")), None);
    }

    #[test]
    fn nobody_is_in_a_group_by_being_called_rlistings() {
        assert_eq!(read(".r:*,.rlistings").group(&groups_of(".rlistings")), None);
    }

    proptest! {
        #[test]
        fn no_acl_panics(text in any::<String>(), referer in any::<Option<String>>()) {
            for header in [ContainerHeader::Read, ContainerHeader::Write] {
                if let Ok(acl) = ContainerAcl::parse(&text, header) {
                    let _ = acl.admits(&["a"], referer.as_deref());
                }
            }
        }
    }
}
