"""The words of reports in both languages: headings, totals, entries of a balance, lines of fees."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain.receipt import Language


@dataclass(frozen=True, slots=True)
class Said:
    """One text in both languages."""

    en: str
    fr: str

    def in_(self, language: Language) -> str:
        """Return it in one of them."""
        return self.fr if language == "fr" else self.en


HEADINGS: Final[Mapping[str, Said]] = {
    "type": Said("Type", "Type"),
    "id": Said("Id", "Identifiant"),
    "created": Said("Created (Douala)", "Créé le (Douala)"),
    "ended": Said("Ended (Douala)", "Terminé le (Douala)"),
    "status": Said("Status", "Statut"),
    "amount": Said("Amount (XAF)", "Montant (XAF)"),
    "fee": Said("Fees (XAF)", "Frais (XAF)"),
    "tax": Said("Taxes (XAF)", "Taxes (XAF)"),
    "net": Said("Net (XAF)", "Net (XAF)"),
    "amount_refunded": Said("Refunded (XAF)", "Remboursé (XAF)"),
    "amount_reversed": Said("Reversed (XAF)", "Annulé par l'opérateur (XAF)"),
    "amount_returned": Said("Returned (XAF)", "Retourné (XAF)"),
    "currency": Said("Currency", "Devise"),
    "operator": Said("Operator", "Opérateur"),
    "phone": Said("Number", "Numéro"),
    "operator_transaction_id": Said("Operator's transaction", "Transaction de l'opérateur"),
    "charge": Said("Charge", "Paiement"),
    "reference": Said("Reference", "Référence"),
    "description": Said("Description", "Description"),
    "failure_code": Said("Failure", "Échec"),
    "balance_transaction": Said("Balance transaction", "Mouvement du solde"),
    "receipt_number": Said("Receipt", "Reçu"),
    "name": Said("Payee, as named", "Bénéficiaire indiqué"),
    "batch": Said("Batch", "Lot"),
    "purpose": Said("For", "Pour"),
    "object": Said("Object", "Objet"),
    "line": Said("Line", "Ligne"),
    "balance": Said("Balance", "Solde"),
    "entry": Said("Entry", "Écriture"),
    "statement": Said("Operator's statement", "Relevé de l'opérateur"),
    "stated_amount": Said("Stated (XAF)", "Relevé (XAF)"),
    "booked": Said("Booked (Douala)", "Comptabilisé le (Douala)"),
}

WORDS: Final[Mapping[str, Said]] = {
    "total_charges": Said("Total of charges that succeeded", "Total des paiements réussis"),
    "total_refunds": Said("Total of refunds that succeeded", "Total des remboursements réussis"),
    "total_payouts": Said("Total of payouts that were paid", "Total des versements payés"),
    "total_fees": Said("Total", "Total"),
    "total": Said("Total", "Total"),
    "state_matched": Said("matched", "concordant"),
    "state_amount_differs": Said("another amount", "montant différent"),
    "state_reversed": Said("reversed", "annulé"),
    "state_missing_there": Said("missing in the statement", "absent du relevé"),
    "state_not_stated": Said("no statement yet", "pas encore de relevé"),
    "entry_late_refund_created": Said("Late payments given back", "Paiements tardifs rendus"),
    "entry_late_refund_failed": Said("Such that failed", "Retours échoués"),
    "balance_available": Said("Available", "Disponible"),
    "balance_pending": Said("Pending", "En attente"),
    "balance_held": Said("Held", "Réservé"),
    "entry_opening": Said("Opening balance", "Solde d'ouverture"),
    "entry_closing": Said("Closing balance", "Solde de clôture"),
    "entry_charge": Said("Charges", "Paiements"),
    "entry_refund": Said("Refunds", "Remboursements"),
    "entry_refund_failure": Said("Refunds that failed", "Remboursements échoués"),
    "entry_refund_succeeded": Said("Refunds sent", "Remboursements envoyés"),
    "entry_payout": Said("Payouts", "Versements"),
    "entry_payout_failure": Said("Payouts given back", "Versements restitués"),
    "entry_payout_succeeded": Said("Payouts sent", "Versements envoyés"),
    "entry_payout_return": Said("Payouts returned", "Versements retournés"),
    "entry_charge_reversal": Said("Charges reversed", "Paiements annulés par l'opérateur"),
    "entry_correction": Said("Corrections", "Corrections"),
    "entry_topup": Said("Top-ups", "Approvisionnements"),
    "entry_hold_released": Said("Holds that ended", "Fins d'attente"),
    "purpose_charge": Said("Charge", "Paiement reçu"),
    "purpose_refund": Said("Refund", "Remboursement"),
    "purpose_fee_return": Said("Fee returned with a refund", "Frais rendus"),
    "purpose_payout": Said("Payout", "Versement"),
    "purpose_adjustment": Said("Correction", "Correction"),
    "line_platform": Said("Our fee", "Nos frais"),
    "line_operator": Said("Operator's fee", "Frais de l'opérateur"),
    "line_transfer_tax": Said("Tax on transfers", "Taxe sur les transferts"),
    "line_levy": Said("Flat levy", "Droit fixe"),
    "line_vat": Said("VAT on our fee", "TVA sur nos frais"),
}

TITLES: Final[Mapping[str, Said]] = {
    "payments": Said("Payments", "Paiements"),
    "payouts": Said("Payouts", "Versements"),
    "balance": Said("Balance", "Solde"),
    "fees_and_taxes": Said("Fees and taxes", "Frais et taxes"),
    "reconciliation": Said("Reconciliation", "Rapprochement"),
}

SHEETS: Final[Mapping[str, Said]] = {
    "rows": Said("Report", "Rapport"),
    "totals": Said("Totals", "Totaux"),
}
