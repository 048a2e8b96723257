//! Archives of skills.

use std::io::{Cursor, Write as _};

use naftiko_schema::SkillFile;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A ZIP archive of files, each stored as it is, with the earliest time of the format: the same files are the same bytes.
///
/// # Errors
/// If the files are more than the format can hold.
pub(crate) fn archive(files: &[SkillFile]) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        archive.start_file(&*file.path, options)?;
        archive.write_all(file.content.bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}
