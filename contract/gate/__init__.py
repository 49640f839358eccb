"""Whether an OpenAPI document keeps what the released one promised; `contract/README.md` says how.

Pure functions of two documents and a changelog. `document` reads; `operations` and `merging` bring
what is read into one form; `schemas`, with `keywords` and `unions`, finds changes of schemas;
`inputs` and `outputs` tell them by whom they harm; `comparison` puts them together; `verdict`
weighs them against version and changelog; and `report` says it.
"""
