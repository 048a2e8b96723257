//! Typed indices. An id is only used with the table that it was made for.

use serde::Serialize;

macro_rules! id {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the list that it is an index into.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            /// The id of a position. Lists of a specification are never long enough to exceed `u32`.
            fn from(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    };
}

id! {
    /// An API of a capability: an index into [`Capability::apis`](crate::Capability::apis).
    ApiId
}
id! {
    /// An operation of a capability, by its number.
    OperationId
}
id! {
    /// A parameter of an operation: an index into [`Operation::parameters`](crate::Operation::parameters).
    ParameterId
}
id! {
    /// A flow of a capability, by its number.
    FlowId
}
id! {
    /// A step of a flow: an index into [`Flow::steps`](crate::Flow::steps).
    StepId
}
id! {
    /// An input of a route, tool or resource: an index into [`Binding::inputs`](crate::Binding::inputs).
    InputId
}
id! {
    /// An environment variable: an index into [`Capability::variables`](crate::Capability::variables), or into
    /// [`InboundAuth::variables`](crate::InboundAuth::variables) within one of these.
    VariableId
}

impl ApiId {
    pub(crate) const UNSET: Self = Self(0);
}
