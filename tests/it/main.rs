//! All integration tests in one binary: they link once.

mod generation;
