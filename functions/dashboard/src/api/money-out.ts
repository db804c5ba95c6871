import type { components } from "./schema";

type Schemas = components["schemas"];

export type Payout = Schemas["Payout"];
export type PayoutStatus = Schemas["PayoutStatus"];
export type PayoutCreate = Schemas["PayoutCreate"];
export type PayoutBatch = Schemas["PayoutBatch"];
export type PayoutBatchStatus = Schemas["PayoutBatchStatus"];
export type Approval = Schemas["Approval"];
export type HolderLookup = Schemas["HolderLookup"];
export type TopUp = Schemas["TopUp"];
export type Settlement = Schemas["Settlement"];
export type SettlementSet = Schemas["SettlementSet"];
export type Operator = Schemas["Operator"];
