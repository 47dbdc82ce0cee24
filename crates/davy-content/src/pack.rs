//! The content that davy comes with.

use crate::read::InputFile;

macro_rules! pack {
    ($($path:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] =
            &[$((concat!("<built-in>/", $path), include_str!(concat!("../pack/", $path)))),*];
    };
}

pack! {
    "data_sources/windows_event_log_certificateservicesclient_1007.yml",
    "deployments/anomaly.yml",
    "deployments/baseline.yml",
    "deployments/correlation.yml",
    "deployments/hunting.yml",
    "deployments/ttp.yml",
    "detections/endpoint/windows_export_certificate.yml",
    "macros/certificateservices_lifecycle.yml",
    "macros/drop_dm_object_name.yml",
    "macros/security_content_ctime.yml",
    "macros/security_content_summariesonly.yml",
    "macros/summariesonly_config.yml",
    "macros/oldsummaries_config.yml",
    "macros/fillnull_config.yml",
    "stories/windows_certificate_services.yml",
}

/// The files of the built-in pack, for [`crate::load`].
pub fn builtin_pack() -> Vec<InputFile> {
    FILES
        .iter()
        .map(|(path, text)| InputFile { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect()
}

/// The text of a file of the built-in pack.
pub(crate) fn text(path: &str) -> Option<String> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
}
