"""A stand-in for Orange Cameroon's core API 1.0.2: collection (`mp`) and payout (`cashin`).

Orange publishes no reference that is open to all. What is known of its wire comes from recorded
answers (https://github.com/NdoleStudio/orangemoney-go, `internal/stubs`) and from independent
clients. Where they disagree the recorded form is spoken, and the other one by switch.
"""
