"""Mail leaves here: letters as bytes, the ledger's queue, one SMTP session, the embedded sink.

Belongs here: what happens to a letter once its words are fixed. Does not: what a letter says (flows.letters), when
one is due (flows.steps), the ledger's rows (warehouse.ledger).
"""
