// Nothing is asked of any other host: no validator.
SwaggerUIBundle({ url: "docs/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });
