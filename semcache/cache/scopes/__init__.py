"""The scopes of a namespace: their catalogue, and what is done to an answer or a document in all of them."""
