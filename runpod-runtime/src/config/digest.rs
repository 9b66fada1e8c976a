//! A digest for names of files and folders.

/// FNV-1a, 128 bits: the same in every build, unlike the standard library's. What is digested comes from the platform, so
/// the digest need not withstand an attack.
pub(crate) fn digest(parts: &[&str]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut digest = BASIS;
    for part in parts {
        // The byte after each part occurs in no text, so that two parts are not taken for one.
        for byte in part.bytes().chain([0xff]) {
            digest = (digest ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    digest
}
