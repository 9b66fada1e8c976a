use std::net::IpAddr;

use super::is_public;

fn public(text: &str) -> bool {
    is_public(text.parse::<IpAddr>().unwrap())
}

/// The first and the last address of each network that is not public, and their public neighbours.
#[test]
fn networks_that_are_not_public_are_blocked_to_their_last_address() {
    let networks = [
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "255.255.255.255"),
        ("::", "::fffe:ffff:ffff"),
        ("100::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ];
    for (first, last) in networks {
        assert!(!public(first), "{first} is blocked");
        assert!(!public(last), "{last} is blocked");
    }
    let neighbours = [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2000::",
        "2001:200::",
        "2001:db7:ffff::",
        "2001:db9::",
        "2003::",
        "3fff:1000::",
        "2606:4700::1111",
    ];
    for address in neighbours {
        assert!(public(address), "{address} is public");
    }
}

#[test]
fn an_ipv4_address_inside_an_ipv6_address_decides() {
    for (address, is_public) in [
        ("::ffff:169.254.169.254", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:8.8.8.8", true),
        ("64:ff9b::10.0.0.1", false),
        ("64:ff9b::169.254.169.254", false),
        ("64:ff9b::8.8.8.8", true),
        // The local variant of NAT64 reaches private networks.
        ("64:ff9b:1::8.8.8.8", false),
        // IPv4-compatible addresses and ISATAP are obsolete.
        ("::8.8.8.8", false),
        ("fe80::5efe:8.8.8.8", false),
        ("2002:0808:0808::1", false),
    ] {
        assert_eq!(public(address), is_public, "{address}");
    }
}

/// Asks the SDK about both ends of many networks, and about random addresses.
#[test]
fn whatever_the_sdk_blocks_is_blocked_too() {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let mut random = fastrand::Rng::with_seed(16);
    for first in 0..=u8::MAX {
        let rest = random.u32(..) & 0x00ff_ffff;
        addresses.push(IpAddr::V4((u32::from(first) << 24 | rest).into()));
        for second in (0..=u8::MAX).step_by(3) {
            let start = u32::from(first) << 24 | u32::from(second) << 16;
            addresses.push(IpAddr::V4(start.into()));
        }
        let start = u128::from(first) << 120 | random.u128(..) >> 8;
        addresses.push(IpAddr::V6(start.into()));
    }
    for second in 0..=u16::MAX / 16 {
        addresses.push(IpAddr::V6(
            (0x2001_u128 << 112 | u128::from(second) << 100).into(),
        ));
    }
    addresses.extend(
        (0..512).map(|_| IpAddr::V6((0xffff_u128 << 32 | u128::from(random.u32(..))).into())),
    );

    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/sdk-venv/bin/python");
    let script = "import sys; from runpod.serverless.utils.rp_ssrf import is_safe_address\n\
                  for line in sys.stdin: print(is_safe_address(line.strip()))";
    let lines: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
    let input = lines.join("\n");
    let answers = answers_of(python, script, input);
    assert_eq!(answers.lines().count(), addresses.len());

    let mut blocked_by_both = 0;
    for (address, sdk) in addresses.iter().zip(answers.lines()) {
        if sdk == "False" {
            assert!(!is_public(*address), "the SDK blocks {address}");
            blocked_by_both += 1;
        }
    }
    assert!(
        blocked_by_both > 1000,
        "{blocked_by_both} of {}",
        addresses.len()
    );
}

fn answers_of(python: &str, script: &str, input: String) -> String {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the SDK's environment exists: run `cargo xtask setup`");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
