// Its search runs in a worker made of a blob, which the page's policy does not admit.
Redoc.init("/api/v1/openapi.json", { disableSearch: true }, document.getElementById("reference"));
