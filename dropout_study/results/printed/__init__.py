"""Tables as they are printed: rows and columns chosen, laid out, in a sentence, in Markdown."""
