"""Shows payers their own payments, once they have proven their number."""

from shared.runtime import customers
from shared.runtime.doors import customer
from shared.runtime.http import http_function

read_customer = http_function("read_customer", customer.HANDLERS, recognise=customers.recognise)
