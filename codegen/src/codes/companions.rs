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

    /// Only one of the two, the capability or its companion, says that requests of an operation have a body, or the body is
    /// JSON in the capability and something else, such as a form, in the companion. The capability decides; what is in the
    /// body is then unknown.
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

    /// An overlay beside a capability is wrong: it is no [Overlay](https://spec.openapis.org/overlay/v1.1.html) of version 1.0
    /// or 1.1, the target of an action is no JSONPath (RFC 9535), `copy` does not select exactly one value, or a value cannot be
    /// merged with what the target selects, such as a text with an object.
    ///
    /// ```yaml
    /// overlay: 1.1.0
    /// info: {title: Corrections, version: "1"}
    /// actions:
    /// - target: $.components.schemas.Item.properties.size
    ///   update: {nullable: true}
    /// ```
    Overlay = 520, Error, "an overlay is wrong";

    /// An overlay changes nothing: the target of an action selects nothing in the companion, or there is no companion. Perhaps
    /// the vendor has mended the document, or has renamed what the action is about.
    ///
    /// Correct the target, or remove the action.
    ///
    /// ```yaml
    /// - target: $.components.schemas.Itm   # `Item`
    ///   remove: true
    /// ```
    OverlayTarget = 521, Warning, "an overlay changes nothing";
}
