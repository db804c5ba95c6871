"use client";

import { WithAccount } from "./own-account";
import { PayoutApproval } from "./payout-approval";
import { Room } from "./room";

/** Which payouts wait for a second person. */
export function ApprovalSettings() {
  return (
    <Room>
      <WithAccount>{(account) => <PayoutApproval rule={account.payout_approval} />}</WithAccount>
    </Room>
  );
}
