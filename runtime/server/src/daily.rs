//! A file for each day, with the date (UTC) after its name, and only so many of earlier days.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use naftiko_client::__private::TARGET;
use tracing_appender::rolling::{RollingFileAppender, Rotation};

/// The file of today.
pub(super) struct Daily {
    appender: RollingFileAppender,
    folder: PathBuf,
    name: String,
    /// How many files of earlier days are kept.
    keep: usize,
    /// The day for which others were removed.
    pruned: Date,
}

impl Daily {
    /// Opens the file of today.
    ///
    /// # Errors
    /// The reason why it cannot be written.
    pub(super) fn open(file: &Path, keep: usize) -> Result<Self, String> {
        let name = file.file_name().and_then(|name| name.to_str()).ok_or("it names no file")?.to_owned();
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !fs::metadata(folder).is_ok_and(|folder| folder.is_dir()) {
            return Err("its folder does not exist".to_owned());
        }
        // The appender would also remove files whose names only begin in the same way, so it keeps all.
        let builder = RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix(&*name);
        let appender = builder.build(folder).map_err(|error| error.to_string())?;
        let daily = Self { appender, folder: folder.to_owned(), name, keep, pruned: today() };
        daily.prune();
        Ok(daily)
    }

    /// Removes files of earlier days, the oldest first. What cannot be removed stays.
    fn prune(&self) {
        let removed = earlier(&self.folder, &self.name, self.pruned).and_then(|mut files| {
            files.sort_unstable();
            let old = files.len().saturating_sub(self.keep);
            files.into_iter().take(old).try_for_each(|(_, path)| fs::remove_file(path))
        });
        if let Err(error) = removed {
            tracing::warn!(target: TARGET, %error, "old files of the audit cannot be removed");
        }
    }
}

/// The files with this name and a date before today.
fn earlier(folder: &Path, name: &str, today: Date) -> io::Result<Vec<(Date, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let date = entry.file_name().to_str().and_then(|file| date(file.strip_prefix(name)?.strip_prefix('.')?));
        if let Some(date) = date.filter(|date| *date < today)
            && entry.file_type()?.is_file()
        {
            files.push((date, entry.path()));
        }
    }
    Ok(files)
}

/// The date in a name. Other spellings of a date are not ours.
fn date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

impl Write for Daily {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.appender.write(bytes);
        let today = today();
        if today != self.pruned {
            self.pruned = today;
            self.prune();
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.appender.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_oldest_files_of_earlier_days_are_removed() {
        let folder = std::env::temp_dir().join(format!("naftiko-daily-{}", fastrand::u64(..)));
        fs::create_dir(&folder).expect("a folder");
        let (today, others) = (
            format!("shop.{}", today()),
            ["shop", "shop-admin.2020-01-01", "shop.sqlite", "shop.2020-13-01", "shop.20200101", "shop.9999-01-01"],
        );
        let old = ["shop.2020-01-03", "shop.2020-01-01", "shop.2020-01-02"];
        for name in others.iter().chain(&old) {
            fs::write(folder.join(name), "").expect("it is written");
        }
        fs::create_dir(folder.join("shop.2020-01-04")).expect("a folder");
        let mut daily = Daily::open(&folder.join("shop"), 2).expect("it is opened");
        let is_there = |name: &&str| folder.join(name).exists();
        assert!(others.iter().all(&is_there) && is_there(&&*today), "other files stay");
        assert_eq!(old.map(|name| is_there(&name)), [true, false, true]);
        // As on the day after it was opened.
        (daily.keep, daily.pruned) = (0, Date::constant(2020, 1, 9));
        daily.write_all(b"{}\n").expect("it is written");
        assert!(others.iter().all(&is_there) && !old.iter().any(is_there));
        assert_eq!(fs::read_to_string(folder.join(today)).expect("today's stays"), "{}\n");
        fs::remove_dir_all(folder).expect("it is removed");
    }
}
