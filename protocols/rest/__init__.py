"""REST: the aiohttp application, its OpenAPI document and page, and a client for channels."""
