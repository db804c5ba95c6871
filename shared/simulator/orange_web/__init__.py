"""A stand-in for Orange Money Web Payment: a page where the payer types number and code.

Facts: Orange's public documentation of Web Payment and M Payment, and what clients read
(https://github.com/Foris-master/orange-money-sdk). Where they disagree one form is spoken, and the
other by switch.
"""
