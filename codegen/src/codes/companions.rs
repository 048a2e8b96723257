//! Companions: OpenAPI documents beside capabilities, which say what bodies and parameters are.

codes! {
    /// A file beside a capability is named like its companion, and is no OpenAPI document that can be read: its first field
    /// should be `openapi: 3.1.0`, `openapi: 3.0.3` or `swagger: "2.0"`.
    ///
    /// ```yaml
    /// openapi: 3.1.0
    /// info: {title: Shop, version: "1"}
    /// paths: {}
    /// ```
    CompanionVersion = 501, Error, "a companion is no OpenAPI document";

    /// A companion has no operation with the method and the path of one of the capability. Names of placeholders make no
    /// difference, nor does the path that all servers of the document have in their addresses. The bodies of the operation
    /// can then be any JSON, as without a companion.
    ///
    /// ```yaml
    /// # shop.yaml
    /// path: /items/{id}
    /// # shop.openapi.yaml
    /// paths:
    ///   /item/{id}: {get: {}}   # `/items/{id}`
    /// ```
    CompanionOperation = 502, Warning, "a companion does not describe an operation";

    /// A capability and its companion do not have the same query parameters, header fields or cookies for an operation. The
    /// capability decides which there are, so callers cannot send one that only the companion has.
    ///
    /// Declare the parameter under `inputParameters` of the operation, or remove it from the companion.
    CompanionParameter = 503, Warning, "a capability and its companion have different parameters";

    /// Only one of the two, the capability or its companion, says that requests of an operation have a body, or the companion
    /// has a body that is not JSON. The capability decides whether there is one; what is in it is then unknown.
    CompanionBody = 504, Warning, "a capability and its companion disagree about a body";

    /// A `$ref` of a companion leads nowhere. Where it stands, any JSON is accepted, so that the rest of the document is still
    /// of use. References to other files are not followed; a companion that is only a `$ref` to a file is the one exception.
    ///
    /// Add the component, or correct the reference.
    ///
    /// ```yaml
    /// schema: {$ref: '#/components/schemas/Itm'}   # `Item`
    /// ```
    CompanionReference = 505, Warning, "a reference of a companion leads nowhere";
}
