use reqwest::Url;

use super::{Blocked, Guard};

fn check(url: &str) -> Result<(), Blocked> {
    Guard::new(false).check(&Url::parse(url).unwrap())
}

#[test]
fn every_spelling_of_an_address_that_is_not_public_is_blocked() {
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://127.0.0.1./",
        "http://%31%32%37.0.0.1/",
        "http://①②⑦.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://192.0.2.1/",
        "https://10.0.0.1:8443/",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
    ] {
        assert!(
            matches!(check(url), Err(Blocked::Address { .. })),
            "{url}: {:?}",
            check(url)
        );
    }
}

#[test]
fn only_http_and_https_without_credentials_are_allowed() {
    for scheme in [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "javascript:1",
    ] {
        assert!(matches!(check(scheme), Err(Blocked::Scheme(_))), "{scheme}");
    }
    for url in [
        "http://user@example.com/",
        "http://:secret@example.com/",
        "http://8.8.8.8@127.0.0.1/",
    ] {
        assert_eq!(check(url), Err(Blocked::Credentials), "{url}");
    }
    assert_eq!(check("https://example.com/a"), Ok(()));
    assert_eq!(check("http://93.184.216.34:8080/"), Ok(()));
}

#[test]
fn private_addresses_can_be_allowed_but_other_schemes_cannot() {
    let guard = Guard::new(true);
    let check = |url: &str| guard.check(&Url::parse(url).unwrap());
    assert_eq!(check("http://127.0.0.1/"), Ok(()));
    assert!(matches!(
        check("file:///etc/passwd"),
        Err(Blocked::Scheme(_))
    ));
    assert_eq!(check("http://user@10.0.0.1/"), Err(Blocked::Credentials));
}
