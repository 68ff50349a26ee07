"""Payment providers to test against: processes of their own that speak a provider's language over HTTP,
remember what they did, and lie when told to. The product never imports them."""
