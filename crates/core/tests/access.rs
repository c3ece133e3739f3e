//! Access rules as a policy writes them: who may do what, by which clause, and what never
//! changes that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cloakroom_core::acl::canned::CannedAcl;
use cloakroom_core::acl::decision::{Acl, AllowedBy};
use cloakroom_core::acl::grants::{AclGrant, Granted, Grantee};
use cloakroom_core::acl::permission::{Owner, Permission};
use cloakroom_core::acl::rules::{AccessRules, Rule};
use cloakroom_core::acl::swift::{ContainerAcl, ContainerHeader, SwiftAcl};
use cloakroom_core::acl::table::Who;
use cloakroom_core::key::Principal;
use proptest::prelude::*;

const KEY: &str = "users/alice/a.jpg";

fn user(name: &str) -> Principal {
    Principal::User(name.to_owned())
}

fn to(grantee: Grantee, granted: Granted) -> AclGrant {
    AclGrant { to: grantee, granted }
}

fn to_user(name: &str, granted: Granted) -> AclGrant {
    to(Grantee::User(name.to_owned()), granted)
}

/// Rules for the objects of alice in the bucket of carol.
fn rules(acl: impl Into<Acl>, list: Vec<Grantee>) -> AccessRules {
    let mut rules = AccessRules::new(Owner::User("carol".to_owned()));
    rules.add("users/{owner}/*", acl, list).unwrap();
    rules
}

/// What a principal may do, one letter each: `r`, `w`, `R` and `W` for the ACL, `l` for listing.
fn may(rule: &Rule<'_>, principal: &Principal, referer: Option<&str>) -> String {
    Permission::ALL
        .into_iter()
        .zip("rwRWl".chars())
        .filter(|((_, permission), _)| rule.allows(*permission, principal, referer).is_some())
        .map(|(_, letter)| letter)
        .collect()
}

/// The same for everybody: nobody, bob, alice (the owner), carol (the bucket's owner), the app.
fn all_may(rules: &AccessRules) -> [String; 5] {
    let principals =
        [Principal::Anonymous, user("bob"), user("alice"), user("carol"), Principal::EveryOwner];
    principals.map(|principal| may(&rules.find(KEY), &principal, None))
}

fn by(rules: &AccessRules, permission: Permission, principal: &Principal) -> Option<AllowedBy> {
    rules.find(KEY).allows(permission, principal, None).map(|allowed| allowed.by)
}

fn swift(read: &str, write: &str) -> AccessRules {
    let acl = SwiftAcl {
        read: ContainerAcl::parse(read, ContainerHeader::Read).unwrap(),
        write: ContainerAcl::parse(write, ContainerHeader::Write).unwrap(),
    };
    rules(Acl::Swift(acl), vec![])
}

#[test]
fn the_canned_table() {
    for (acl, expected) in [
        (CannedAcl::Private, ["", "", "rwRW", "", "rwRWl"]),
        (CannedAcl::PublicRead, ["r", "r", "rwRW", "r", "rwRWl"]),
        (CannedAcl::PublicReadWrite, ["rw", "rw", "rwRW", "rw", "rwRWl"]),
        (CannedAcl::AuthenticatedRead, ["", "r", "rwRW", "r", "rwRWl"]),
        (CannedAcl::BucketOwnerRead, ["", "", "rwRW", "r", "rwRWl"]),
        (CannedAcl::BucketOwnerFullControl, ["", "", "rwRW", "rwRW", "rwRWl"]),
    ] {
        assert_eq!(all_may(&rules(acl, vec![])), expected, "{acl}");
    }
}

#[test]
fn what_the_app_owns_is_nobody_elses() {
    let mut rules = AccessRules::new(Owner::App);
    rules.add("*", CannedAcl::BucketOwnerFullControl, vec![]).unwrap();
    for principal in [Principal::Anonymous, user("alice"), user("")] {
        assert_eq!(may(&rules.find(KEY), &principal, None), "", "{principal:?}");
    }
    assert_eq!(may(&rules.find(KEY), &Principal::EveryOwner, None), "rwRWl");
}

#[test]
fn what_no_rule_fits_is_for_the_app_alone() {
    let rules = AccessRules::new(Owner::User("carol".to_owned()));
    assert_eq!(all_may(&rules), ["", "", "", "", "rwRWl"]);
}

#[test]
fn with_grants_the_owner_keeps_the_acl_and_what_is_granted() {
    for (grants, expected) in [
        (vec![to_user("bob", Granted::FullControl)], ["", "rwRW", "RW", "", "rwRWl"]),
        (vec![to_user("bob", Granted::Read)], ["", "r", "RW", "", "rwRWl"]),
        (vec![to_user("bob", Granted::WriteAcp)], ["", "W", "RW", "", "rwRWl"]),
        (vec![to(Grantee::Owner, Granted::Read)], ["", "", "rRW", "", "rwRWl"]),
        (vec![to_user("alice", Granted::Write)], ["", "", "wRW", "", "rwRWl"]),
        (vec![to(Grantee::BucketOwner, Granted::ReadAcp)], ["", "", "RW", "R", "rwRWl"]),
        (vec![to(Grantee::AuthenticatedUsers, Granted::Read)], ["", "r", "rRW", "r", "rwRWl"]),
        (
            vec![to(Grantee::AllUsers, Granted::Read), to_user("bob", Granted::Write)],
            ["r", "rw", "rRW", "r", "rwRWl"],
        ),
    ] {
        let acl = Acl::Grants(grants);
        assert_eq!(all_may(&rules(acl.clone(), vec![])), expected, "{acl}");
    }
}

#[test]
fn a_canned_acl_is_its_grants() {
    for (name, canned) in CannedAcl::ALL {
        let spelled_out = rules(Acl::Grants(canned.grants().to_vec()), vec![]);
        assert_eq!(all_may(&spelled_out), all_may(&rules(canned, vec![])), "{name}");
    }
}

#[test]
fn reading_never_opens_a_listing() {
    let readers = [Grantee::AllUsers, Grantee::AuthenticatedUsers, Grantee::Owner]
        .map(|grantee| to(grantee, Granted::FullControl));
    assert_eq!(
        all_may(&rules(Acl::Grants(readers.to_vec()), vec![])),
        ["rwRW", "rwRW", "rwRW", "rwRW", "rwRWl"]
    );
    for (list, expected) in [
        (Grantee::AllUsers, ["l", "l", "rwRWl", "l", "rwRWl"]),
        (Grantee::AuthenticatedUsers, ["", "l", "rwRWl", "l", "rwRWl"]),
        (Grantee::Owner, ["", "", "rwRWl", "", "rwRWl"]),
        (Grantee::BucketOwner, ["", "", "rwRW", "l", "rwRWl"]),
        (Grantee::User("bob".to_owned()), ["", "l", "rwRW", "", "rwRWl"]),
    ] {
        let rules = rules(CannedAcl::Private, vec![list.clone()]);
        assert_eq!(all_may(&rules), expected, "{list}");
    }
}

#[test]
fn a_container_is_its_owners_and_its_acls() {
    for (read, write, expected) in [
        (".r:*", "", ["r", "r", "rwRWl", "rwRWl", "rwRWl"]),
        (".r:*,.rlistings", "", ["rl", "rl", "rwRWl", "rwRWl", "rwRWl"]),
        (".rlistings", "", ["", "", "rwRWl", "rwRWl", "rwRWl"]),
        (".r:.example.com", "", ["", "", "rwRWl", "rwRWl", "rwRWl"]),
        ("bob", "", ["", "rl", "rwRWl", "rwRWl", "rwRWl"]),
        ("", "bob", ["", "w", "rwRWl", "rwRWl", "rwRWl"]),
    ] {
        assert_eq!(all_may(&swift(read, write)), expected, "{read} {write}");
    }
}

#[test]
fn a_group_is_an_account_or_one_user_of_it() {
    for (acl, principal, expected) in [
        ("acme", "acme:bob", "rl"),
        ("acme:bob", "acme:bob", "rl"),
        ("acme:bob", "acme:sue", ""),
        ("acme:bob", "acme", ""),
        ("acme", "acmes:bob", ""),
        ("bob", "acme:bob", ""),
        ("ACME", "acme:bob", ""),
    ] {
        let rules = swift(acl, "");
        assert_eq!(may(&rules.find(KEY), &user(principal), None), expected, "{acl} {principal}");
    }
}

#[test]
fn the_page_that_a_request_comes_from_counts_for_reading_alone() {
    let rules = swift(".r:.example.com,.r:-thief.example.com,.rlistings", "acme");
    let nobody = Principal::Anonymous;
    let rule = rules.find(KEY);
    assert_eq!(may(&rule, &nobody, Some("https://www.example.com/")), "rl");
    assert_eq!(may(&rule, &nobody, Some("https://thief.example.com/")), "");
    assert_eq!(may(&rule, &nobody, Some("https://example.com/")), "");
    // A page never takes from the app what is the app's.
    assert_eq!(may(&rule, &Principal::EveryOwner, Some("https://thief.example.com/")), "rwRWl");
}

#[test]
fn the_answer_names_its_clause() {
    let nobody = Principal::Anonymous;
    let read = |rules: &AccessRules, principal: &Principal, referer: Option<&str>| {
        let allowed = rules.find(KEY).allows(Permission::Read, principal, referer).unwrap();
        (allowed.by.as_str(), allowed.clause.to_string())
    };
    let is = |by: &'static str, clause: &str| (by, clause.to_owned());
    let public = rules(CannedAcl::PublicRead, vec![]);
    // What everyone may have is everyone's, whoever asks: the answer can be shared.
    for principal in [nobody.clone(), user("alice"), Principal::EveryOwner] {
        assert_eq!(read(&public, &principal, None), is("everyone", "READ to all-users"));
    }
    let members = rules(CannedAcl::AuthenticatedRead, vec![]);
    assert_eq!(read(&members, &user("alice"), None), is("owner", "FULL_CONTROL to owner"));
    assert_eq!(read(&members, &user("bob"), None), is("any_user", "READ to authenticated-users"));
    assert_eq!(read(&members, &Principal::EveryOwner, None), is("app", "ownership"));
    let bucket_owner = rules(CannedAcl::BucketOwnerRead, vec![]);
    assert_eq!(
        read(&bucket_owner, &user("carol"), None),
        is("bucket_owner", "READ to bucket-owner")
    );
    let granted = rules(Acl::Grants(vec![to_user("bob", Granted::FullControl)]), vec![]);
    assert_eq!(read(&granted, &user("bob"), None), is("grant", "FULL_CONTROL to user bob"));
    let container = swift(".r:*,.r:-.thief.example,acme", "");
    let page = Some("https://a.thief.example/");
    assert_eq!(read(&container, &nobody, None), is("referrer", ".r:*"));
    assert_eq!(read(&container, &user("acme:bob"), page), is("swift_group", "acme"));
    assert_eq!(read(&swift(".r:*", ""), &nobody, page), is("everyone", ".r:*"));
    let listed = rules(CannedAcl::Private, vec![Grantee::Owner]);
    let listing = listed.find(KEY).allows(Permission::List, &user("alice"), None).unwrap();
    assert_eq!(
        (listing.by, listing.clause.to_string()),
        (AllowedBy::Owner, "LIST to owner".into())
    );
}

#[test]
fn the_table_names_everybody_whom_the_rule_knows() {
    let read = ".r:.example.com,.r:-thief.example.com,.rlistings,acme,globex:sue";
    let rules = swift(read, "acme");
    let letters = |permissions: &[Permission]| -> Vec<&str> {
        permissions.iter().map(|permission| permission.as_str()).collect()
    };
    let table: Vec<_> = rules
        .find(KEY)
        .table()
        .into_iter()
        .map(|row| (row.who.to_string(), letters(&row.may).join(" ")))
        .collect();
    let all = "READ WRITE READ_ACP WRITE_ACP LIST";
    let expected = [
        ("everyone", ""),
        ("every signed-in user", ""),
        ("pages of .example.com", "READ LIST"),
        ("pages of thief.example.com", ""),
        ("account acme", "READ WRITE LIST"),
        ("user globex:sue", "READ LIST"),
        ("bucket owner carol", all),
        ("owner alice", all),
        ("the app", all),
    ];
    assert_eq!(table, expected.map(|(who, may)| (who.to_owned(), may.to_owned())));
    let readers = rules.find(KEY).holders(Permission::Write);
    let owners = [Who::BucketOwner("carol".into()), Who::Owner("alice".into()), Who::App];
    assert_eq!(readers, [&[Who::Account("acme".into())][..], &owners].concat());
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![Just("alice"), Just("bob"), Just("carol"), Just("acme:sue"), Just("acme")]
        .prop_map(str::to_owned)
}

fn any_principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        Just(Principal::Anonymous),
        Just(Principal::EveryOwner),
        any_name().prop_map(Principal::User)
    ]
}

fn any_grantee() -> impl Strategy<Value = Grantee> {
    let named = proptest::sample::select(Grantee::NAMED.map(|(_, grantee)| grantee).to_vec());
    prop_oneof![named, any_name().prop_map(Grantee::User)]
}

fn any_grant() -> impl Strategy<Value = AclGrant> {
    let granted = proptest::sample::select(Granted::ALL.map(|(_, granted)| granted).to_vec());
    (any_grantee(), granted).prop_map(|(grantee, granted)| to(grantee, granted))
}

fn any_acl() -> impl Strategy<Value = Acl> {
    let canned = proptest::sample::select(CannedAcl::ALL.map(|(_, acl)| acl).to_vec());
    let read = "(,|\\.r:-?\\*?\\.example|\\.r:\\*|\\.rlistings|acme|bob|acme:sue){0,4}";
    let container = (read, "(,|acme|bob){0,2}").prop_filter_map("malformed", |(read, write)| {
        Some(Acl::Swift(SwiftAcl {
            read: ContainerAcl::parse(&read, ContainerHeader::Read).ok()?,
            write: ContainerAcl::parse(&write, ContainerHeader::Write).ok()?,
        }))
    });
    prop_oneof![
        canned.prop_map(Acl::Canned),
        proptest::collection::vec(any_grant(), 1..5).prop_map(Acl::Grants),
        container
    ]
}

fn any_permission() -> impl Strategy<Value = Permission> {
    proptest::sample::select(Permission::ALL.map(|(_, permission)| permission).to_vec())
}

fn any_referer() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("https?://(www\\.)?(example|thief)/")
}

proptest! {
    #[test]
    fn a_grant_more_never_takes_anything_away(
        grants in proptest::collection::vec(any_grant(), 0..5),
        more in any_grant(),
        principal in any_principal(),
        permission in any_permission(),
    ) {
        let before = rules(Acl::Grants(grants.clone()), vec![]);
        let after = rules(Acl::Grants([grants, vec![more]].concat()), vec![]);
        if by(&before, permission, &principal).is_some() {
            prop_assert!(by(&after, permission, &principal).is_some());
        }
    }

    #[test]
    fn the_order_of_grants_does_not_matter(
        grants in proptest::collection::vec(any_grant(), 0..5).prop_flat_map(|grants| {
            (Just(grants.clone()), Just(grants).prop_shuffle())
        }),
        principal in any_principal(),
        permission in any_permission(),
    ) {
        let [one, other] = [grants.0, grants.1].map(|grants| rules(Acl::Grants(grants), vec![]));
        prop_assert_eq!(
            by(&one, permission, &principal).is_some(),
            by(&other, permission, &principal).is_some()
        );
    }

    #[test]
    fn the_app_is_always_allowed(
        acl in any_acl(),
        permission in any_permission(),
        referer in any_referer(),
    ) {
        let rules = rules(acl, vec![]);
        for key in [KEY, "elsewhere"] {
            let rule = rules.find(key);
            prop_assert!(rule.allows(permission, &Principal::EveryOwner, referer.as_deref()).is_some());
        }
    }

    #[test]
    fn whoever_is_not_named_is_denied(
        acl in any_acl(),
        list in proptest::collection::vec(any_grantee(), 0..3),
        permission in any_permission(),
        referer in any_referer(),
    ) {
        let rules = rules(acl, list);
        let rule = rules.find(KEY);
        let stranger = rule.allows(permission, &user("stranger"), referer.as_deref());
        let for_all = [AllowedBy::Everyone, AllowedBy::AnyUser, AllowedBy::Referrer];
        prop_assert!(stranger.is_none_or(|allowed| for_all.contains(&allowed.by)));
        let nobody = rule.allows(permission, &Principal::Anonymous, referer.as_deref());
        let for_nobody = [AllowedBy::Everyone, AllowedBy::Referrer];
        prop_assert!(nobody.is_none_or(|allowed| for_nobody.contains(&allowed.by)));
        // Nobody may do what a stranger may not.
        prop_assert!(stranger.is_some() || nobody.is_none());
    }

    #[test]
    fn only_a_list_or_rlistings_or_a_group_opens_listings(
        acl in any_acl(),
        principal in any_principal(),
        referer in any_referer(),
    ) {
        let is_swift = matches!(acl, Acl::Swift(_));
        let rules = rules(acl, vec![]);
        let allowed = rules.find(KEY).allows(Permission::List, &principal, referer.as_deref());
        if principal != Principal::EveryOwner && !is_swift {
            prop_assert_eq!(allowed, None);
        }
    }

    #[test]
    fn the_order_of_rules_does_not_matter(
        acls in proptest::collection::vec(any_acl(), 4),
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
        key in "(users|public)/(alice|bob)?/?(a|b)?",
        principal in any_principal(),
        permission in any_permission(),
    ) {
        let patterns = ["*", "users/{owner}/*", "users/alice/*", "users/alice/a"];
        let build = |order: &[usize]| {
            let mut rules = AccessRules::new(Owner::App);
            for at in order {
                rules.add(patterns[*at], acls[*at].clone(), vec![]).unwrap();
            }
            rules
        };
        let (written, shuffled) = (build(&[0, 1, 2, 3]), build(&order));
        let (one, other) = (written.find(&key), shuffled.find(&key));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(
            one.allows(permission, &principal, None),
            other.allows(permission, &principal, None)
        );
    }
}
