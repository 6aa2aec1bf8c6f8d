"""The ways out: email, text messages, in-app messages, signed webhooks, calendar files.

Each takes a `Parcel` and says how it went by returning a receipt or raising `NotTaken`, `Refused` or `Unsure`
(`tenure.outreach.channels.parcel`). Which parcel may leave at all is decided before, in `tenure.ledger.deliveries` and
`tenure.outreach.gate`; a channel never asks.
"""
