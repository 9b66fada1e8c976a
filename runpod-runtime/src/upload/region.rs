//! The region of an endpoint.

use reqwest::Url;

/// The region of endpoints whose URL names none. S3-compatible servers accept it.
const DEFAULT: &str = "us-east-1";

/// Returns the region that an endpoint's URL names.
pub(super) fn of(url: &Url) -> &str {
    let Some(url::Host::Domain(host)) = url.host() else {
        return DEFAULT;
    };
    let labels: Vec<&str> = host.split('.').collect();
    if host.ends_with(".r2.cloudflarestorage.com") {
        return "auto";
    }
    if host.ends_with(".digitaloceanspaces.com") {
        return labels[labels.len() - 3];
    }
    // `s3.eu-central-1.amazonaws.com`, also with a bucket before it, and `s3.us-west-004.backblazeb2.com`.
    for (index, label) in labels.iter().enumerate() {
        if let Some(region) = label
            .strip_prefix("s3-")
            .filter(|_| host.ends_with(".amazonaws.com"))
            && region.contains('-')
        {
            return region;
        }
        let rest = &labels[index + 1..];
        if let ("s3", ["dualstack", region, _, _, ..] | [region, _, _, ..]) = (*label, rest) {
            return region;
        }
    }
    DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_comes_from_the_url() {
        let table = [
            ("https://s3.us-west-2.amazonaws.com", "us-west-2"),
            ("https://photos.s3.us-west-2.amazonaws.com", "us-west-2"),
            ("https://s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1"),
            ("https://s3-eu-west-1.amazonaws.com", "eu-west-1"),
            ("https://s3.amazonaws.com", "us-east-1"),
            ("https://photos.s3.amazonaws.com", "us-east-1"),
            ("https://s3.us-west-004.backblazeb2.com", "us-west-004"),
            ("https://nyc3.digitaloceanspaces.com", "nyc3"),
            ("https://photos.nyc3.digitaloceanspaces.com", "nyc3"),
            ("https://account.r2.cloudflarestorage.com", "auto"),
            ("https://s3.example.com", "us-east-1"),
            ("http://127.0.0.1:9000", "us-east-1"),
            ("http://[::1]:9000", "us-east-1"),
            ("http://minio:9000", "us-east-1"),
        ];
        for (endpoint, region) in table {
            assert_eq!(of(&endpoint.parse().unwrap()), region, "{endpoint}");
        }
    }
}
