"""The ontology: the tree of questions, its JSON, the schema it compiles to and the answers to it."""
