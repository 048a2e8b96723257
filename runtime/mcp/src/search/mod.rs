//! Search mode: tools that find tools, in place of a long list.

mod index;
mod words;
