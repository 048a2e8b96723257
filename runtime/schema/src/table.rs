//! The types of table fields, and the macro that declares tables.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text of a table.
pub type Text = Cow<'static, str>;

/// A list of a table.
pub type List<T> = Cow<'static, [T]>;

/// A text in a `static`.
pub const fn text(text: &'static str) -> Text {
    Cow::Borrowed(text)
}

/// A list in a `static`.
pub const fn list<T: Clone>(items: &'static [T]) -> List<T> {
    Cow::Borrowed(items)
}

/// A reference to a `static`.
pub const fn to<T>(table: &'static T) -> Ref<T> {
    Ref::Static(table)
}

/// A reference from one table to another.
#[derive(Clone)]
pub enum Ref<T: 'static> {
    /// To a `static`.
    Static(&'static T),
    /// To a table that was made at run time.
    Shared(Arc<T>),
}

impl<T> Deref for Ref<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Static(table) => table,
            Self::Shared(table) => table,
        }
    }
}

impl<T: PartialEq> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Declares a table: a struct, a `const` constructor that takes the fields before `with`, and a `const` setter for each
/// field after it.
///
/// A field has its own type, or one of `text`, `[T]` (a list), `flag` (false unless set), `optional(text)` and
/// `optional(T)`. Setters take `&'static str`, `&'static [T]`, or nothing for a flag.
macro_rules! table {
    (
        $(#[$docs:meta])*
        pub struct $name:ident {
            $($(#[$field_docs:meta])* $field:ident: $kind:tt $(($inner:tt))?,)*
        }
        $(with {
            $($(#[$setter_docs:meta])* $setter:ident: $setter_kind:tt $(($setter_inner:tt))?,)*
        })?
    ) => {
        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$field_docs])* pub $field: $crate::table::stored!($kind $(($inner))?),)*
            $($($(#[$setter_docs])* pub $setter: $crate::table::stored!($setter_kind $(($setter_inner))?),)*)?
        }

        impl $name {
            #[doc = concat!("A `", stringify!($name), "` with its optional fields unset.")]
            #[allow(clippy::new_without_default, reason = "statics cannot call `Default`")]
            pub const fn new($($field: $crate::table::argument!($kind $(($inner))?)),*) -> Self {
                Self {
                    $($field: $crate::table::from_argument!($field, $kind $(($inner))?),)*
                    $($($setter: $crate::table::unset!($setter_kind $(($setter_inner))?),)*)?
                }
            }

            $($($crate::table::setter!($(#[$setter_docs])* $setter: $setter_kind $(($setter_inner))?);)*)?
        }

        impl serde::Serialize for $name {
            /// Fields of the constructor have their names, those with setters have a dot before them.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[allow(unused_imports, reason = "a table may have no fields")]
                use serde::ser::SerializeStruct as _;
                #[allow(unused_mut, reason = "a table may have no fields")]
                let mut table = serializer.serialize_struct(stringify!($name), 0)?;
                $(table.serialize_field(stringify!($field), &self.$field)?;)*
                $($(
                    let unset: $crate::table::stored!($setter_kind $(($setter_inner))?) =
                        $crate::table::unset!($setter_kind $(($setter_inner))?);
                    if self.$setter != unset {
                        table.serialize_field(concat!(".", stringify!($setter)), &self.$setter)?;
                    }
                )*)?
                table.end()
            }
        }
    };
}

/// The type of a field.
macro_rules! stored {
    (text) => { $crate::table::Text };
    (flag) => { bool };
    ([$item:ty]) => { $crate::table::List<$item> };
    (optional(text)) => { Option<$crate::table::Text> };
    (optional($kind:ty)) => { Option<$kind> };
    ($kind:ty) => { $kind };
}

/// The type of an argument that sets a field.
macro_rules! argument {
    (text) => { &'static str };
    ([$item:ty]) => { &'static [$item] };
    (optional(text)) => { &'static str };
    (optional($kind:ty)) => { $kind };
    ($kind:ty) => { $kind };
}

/// The value of a field, from its argument.
macro_rules! from_argument {
    ($name:ident, text) => {
        std::borrow::Cow::Borrowed($name)
    };
    ($name:ident, [$item:ty]) => {
        std::borrow::Cow::Borrowed($name)
    };
    ($name:ident, optional(text)) => {
        Some(std::borrow::Cow::Borrowed($name))
    };
    ($name:ident, optional($kind:ty)) => {
        Some($name)
    };
    ($name:ident, $kind:ty) => {
        $name
    };
}

/// The value of a field that no setter has set.
macro_rules! unset {
    (text) => {
        std::borrow::Cow::Borrowed("")
    };
    (flag) => {
        false
    };
    ([$item:ty]) => {
        std::borrow::Cow::Borrowed(&[])
    };
    (optional($kind:tt)) => {
        None
    };
    ($kind:ty) => {
        <$kind>::UNSET
    };
}

/// The setter of a field. The old value is not dropped, because `const` functions cannot drop. It owns nothing.
macro_rules! setter {
    ($(#[$docs:meta])* $name:ident: flag) => {
        $(#[$docs])*
        #[must_use]
        pub const fn $name(mut self) -> Self {
            self.$name = true;
            self
        }
    };
    ($(#[$docs:meta])* $name:ident: $kind:tt $(($inner:tt))?) => {
        $(#[$docs])*
        #[must_use]
        pub const fn $name(mut self, $name: $crate::table::argument!($kind $(($inner))?)) -> Self {
            let value = $crate::table::from_argument!($name, $kind $(($inner))?);
            let _unset = std::mem::ManuallyDrop::new(std::mem::replace(&mut self.$name, value));
            self
        }
    };
}

pub(crate) use {argument, from_argument, setter, stored, table, unset};
