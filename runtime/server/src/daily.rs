//! A file for each day, with the date (UTC) after its name, and only so many of earlier days. One that was moved or removed, as
//! other programs do that rotate files, is made again: lines that go to a file without a name are lost.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use naftiko_client::__private::TARGET;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};

/// The file of today.
pub(super) struct Daily {
    appender: RollingFileAppender,
    folder: PathBuf,
    name: String,
    /// How many files of earlier days are kept.
    keep: usize,
    /// The day for which others were removed.
    pruned: Date,
    /// The file that is written, and its day.
    opened: (Date, Option<FileId>),
}

/// What tells a file from others that had its name before.
#[cfg(unix)]
type FileId = (u64, u64);
#[cfg(not(unix))]
type FileId = ();

/// The file at a path, if there is one.
fn file_at(path: &Path) -> Option<FileId> {
    let found = fs::metadata(path).ok()?;
    #[cfg(unix)]
    return Some((std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found)));
    #[cfg(not(unix))]
    return Some(()).filter(|()| found.is_file());
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
        // What is written has another name: this and a date.
        if file.starts_with("/dev") || fs::metadata(file).is_ok_and(|found| !found.is_file()) {
            return Err(
                "it is no file; name one in a folder of its own, or leave the flag out for standard error".to_owned()
            );
        }
        let appender = appender(folder, &name).map_err(|error| error.to_string())?;
        let today = today();
        let mut daily = Self { appender, folder: folder.to_owned(), name, keep, pruned: today, opened: (today, None) };
        daily.note_opened(today);
        daily.prune();
        Ok(daily)
    }

    /// The file of a day.
    fn path(&self, day: Date) -> PathBuf {
        self.folder.join(format!("{}.{day}", self.name))
    }

    fn note_opened(&mut self, day: Date) {
        self.opened = (day, file_at(&self.path(day)));
    }

    /// Makes the file of today again if it is there no more. The appender opens that of a new day by itself.
    fn ensure_there(&mut self, today: Date) -> io::Result<()> {
        let (day, opened) = self.opened;
        if day == today && (opened.is_none() || file_at(&self.path(day)) != opened) {
            self.appender = appender(&self.folder, &self.name).map_err(io::Error::other)?;
            self.note_opened(day);
        }
        Ok(())
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

fn appender(folder: &Path, name: &str) -> Result<RollingFileAppender, InitError> {
    // It would also remove files whose names only begin in the same way, so it keeps all.
    RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix(name).build(folder)
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
        let today = today();
        self.ensure_there(today)?;
        let written = self.appender.write(bytes);
        if today != self.opened.0 {
            self.note_opened(today);
        }
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

    #[test]
    fn file_that_was_moved_or_removed_is_made_again() {
        let folder = std::env::temp_dir().join(format!("naftiko-daily-{}", fastrand::u64(..)));
        fs::create_dir(&folder).expect("a folder");
        let (current, moved) = (folder.join(format!("shop.{}", today())), folder.join("moved"));
        let mut daily = Daily::open(&folder.join("shop"), 2).expect("it is opened");
        let mut write = |line: &str| daily.write_all(line.as_bytes());
        let read = |path: &Path| fs::read_to_string(path).expect("it is there");
        write("1").and_then(|()| write("2")).expect("it is written");
        fs::rename(&current, &moved).expect("it is moved");
        write("3").expect("it is written");
        assert_eq!((read(&moved), read(&current)), ("12".to_owned(), "3".to_owned()));
        // Another file in its place is written, too.
        fs::remove_file(&current).and_then(|()| fs::write(&moved, "")).expect("it is removed");
        fs::rename(&moved, &current).expect("it is moved");
        write("4").expect("it is written");
        assert_eq!(read(&current), "4");
        fs::remove_dir_all(&folder).and_then(|()| fs::write(&folder, "")).expect("a file is in its place");
        assert!(write("5").is_err(), "a line without a file is not written");
        fs::remove_file(&folder).expect("it is removed");
        write("6").expect("it is written");
        assert_eq!(read(&current), "6");
        fs::remove_dir_all(&folder).expect("it is removed");
    }

    #[test]
    fn names_of_folders_and_devices_are_refused() {
        for path in [std::env::temp_dir().as_path(), Path::new("/dev/stdout"), Path::new("/dev/null")] {
            let refused = Daily::open(path, 1).err();
            let expected = if path.parent().is_some_and(Path::is_dir) { "it is no file" } else { "does not exist" };
            assert!(refused.is_some_and(|problem| problem.contains(expected)), "{}", path.display());
        }
    }
}
