"""Whether an OpenAPI document keeps what the released one promised; `contract/README.md` says how.

Pure functions of two documents and a changelog: `document` reads, `operations` and `shapes` bring
what is read into one form, `keywords` and `schemas` find changes of schemas, `inputs` and `outputs`
judge them by whom they harm, `comparison` puts them together, `verdict` weighs them against version
and changelog, and `report` says it.
"""
