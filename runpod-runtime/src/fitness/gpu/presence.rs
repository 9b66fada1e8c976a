//! Whether this container has a GPU, from the device files.

use std::path::Path;

#[derive(Debug, PartialEq)]
pub(super) enum Presence {
    Nothing,
    /// The driver is loaded, but no GPU was given to this container.
    DriverOnly,
    /// There is a GPU, with this device file.
    Gpu(String),
}

impl Presence {
    pub(super) fn below(root: &Path) -> Self {
        let mut gpus: Vec<String> = std::fs::read_dir(root.join("dev"))
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_gpu(name))
            .collect();
        gpus.sort();
        if let Some(first) = gpus.into_iter().next() {
            return Self::Gpu(format!("/dev/{first}"));
        }
        let driver = ["dev/nvidiactl", "proc/driver/nvidia/version"];
        if driver.iter().any(|path| root.join(path).exists()) {
            Self::DriverOnly
        } else {
            Self::Nothing
        }
    }
}

/// Returns whether this is the device file of a GPU: `nvidia0` and so on, or `dxg` under WSL.
fn is_gpu(name: &str) -> bool {
    let number = name.strip_prefix("nvidia");
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    name == "dxg" || number.is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_gpu_is_found_by_its_device_file_and_a_driver_alone_is_none() {
        let root = tempfile::tempdir().unwrap();
        let below = || Presence::below(root.path());
        assert_eq!(below(), Presence::Nothing);
        let create = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        for path in ["dev/nvidia-uvm", "dev/nvidia", "dev/nvidia0x", "dev/null"] {
            create(path);
        }
        assert_eq!(below(), Presence::Nothing);
        create("proc/driver/nvidia/version");
        assert_eq!(below(), Presence::DriverOnly);
        create("dev/nvidia1");
        create("dev/nvidia0");
        assert_eq!(below(), Presence::Gpu("/dev/nvidia0".to_owned()));
    }
}
