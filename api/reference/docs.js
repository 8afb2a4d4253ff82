// Tokens and keys that are typed here are gone with the page: `persistAuthorization` is off unless it is said.
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  domNode: document.getElementById("reference"),
  deepLinking: true,
  displayOperationId: true,
  docExpansion: "none",
  validatorUrl: null,
});
