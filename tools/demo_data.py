"""The demo data: card payments, week by week, from the process that the story describes.

``python -m tools.demo_data FOLDER`` writes the batches.

Every payment is first drawn with its true feature values. Its label is then drawn with a
probability that is a function of those values alone, so a chapter moves the inputs, the
risk given the inputs, or what the feed reports, and never one by accident of another.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.onboarding.demo_story import START, WEEKS, chapter_of

NUMERIC: tuple[str, ...] = (
    "amount",
    "amount_ratio_to_usual",
    "hour_of_day",
    "account_age_days",
    "device_age_days",
    "transactions_last_24h",
    "minutes_since_last",
    "distance_from_home_km",
    "merchant_risk_score",
    "failed_logins_7d",
)
CATEGORICAL: tuple[str, ...] = ("merchant_category", "country", "entry_mode", "device", "card_type")
LABEL = "is_fraud"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]

STORE, ONLINE, TRAVEL, NEW_PHONE, FAR_ORDER = range(5)

# Per category: typical amount in euros, typical merchant risk, then its weight in each of
# the five kinds of payment above.
_MERCHANTS: dict[str, tuple[float, float, tuple[float, ...]]] = {
    "grocery": (32, 0.10, (30, 8, 8, 10, 2)),
    "restaurant": (26, 0.14, (18, 5, 24, 8, 2)),
    "fuel": (48, 0.13, (11, 0.3, 8, 1, 0.3)),
    "pharmacy": (17, 0.09, (8, 3, 3, 3, 1)),
    "transport": (9, 0.12, (12, 8, 16, 12, 4)),
    "clothing": (46, 0.20, (9, 18, 8, 12, 14)),
    "household": (58, 0.18, (7, 13, 2, 8, 8)),
    "electronics": (120, 0.34, (3, 13, 3, 12, 24)),
    "digital_goods": (12, 0.36, (0.3, 16, 1, 18, 14)),
    "gift_cards": (40, 0.48, (1, 5, 1, 8, 15)),
    "hotel": (130, 0.22, (0.5, 5, 16, 4, 8)),
    "airline": (160, 0.28, (0.2, 6, 10, 4, 10)),
}
# Per country: distance from the customers' homes in km, then its weight for online payments,
# travel and far orders. The last five lie outside the EEA, beyond the reach of its rules on
# strong customer authentication; that is what the first fraud tactic lives on.
_COUNTRIES: dict[str, tuple[float, float, float, float]] = {
    "ES": (5, 78, 0, 6),
    "PT": (500, 2, 18, 2),
    "FR": (1050, 3, 18, 4),
    "IT": (1360, 2, 12, 3),
    "DE": (1870, 3, 7, 4),
    "NL": (1480, 2, 5, 3),
    "IE": (1450, 2, 3, 3),
    "BE": (1320, 1, 4, 1),
    "AT": (1810, 0.5, 3, 1),
    "GR": (2370, 0.5, 4, 2),
    "GB": (1260, 5, 5, 20),
    "US": (5770, 5, 3, 32),
    "CH": (1150, 1, 2, 5),
    "MA": (830, 0.5, 3, 6),
    "TR": (2740, 0.5, 2, 8),
}
_OUTSIDE_EEA = ("GB", "US", "CH", "MA", "TR")
_CARDS = {"debit": 0.56, "credit": 0.29, "prepaid": 0.08, "business": 0.07}
_DEVICES = {"ios": 0.33, "android": 0.42, "desktop": 0.19, "tablet": 0.06}

_WEEKDAY_HOURS = (
    *(9, 6, 4, 4, 4, 7, 15, 30, 42, 46, 48, 54),
    *(62, 66, 58, 50, 50, 56, 66, 70, 62, 48, 31, 17),
)
_WEEKEND_HOURS = (
    *(20, 15, 11, 8, 6, 5, 7, 13, 24, 40, 54, 62),
    *(68, 70, 62, 52, 48, 52, 60, 66, 66, 58, 44, 31),
)
_DAY_WEIGHTS = (0.137, 0.136, 0.139, 0.143, 0.155, 0.160, 0.130)

# Log-odds of fraud of a payment with no signal at all, then what each signal, or two of them
# together, add to it under either tactic.
_BASE_LOG_ODDS = -6.2
_FAR_ORDERS = {
    **{"large": 1.1, "night": 0.5, "outside": 2.3, "shady": 0.9, "swiped": 0.6},
    **{"prepaid": 0.6, "fresh": 0.5, "locked": 0.5, "large * outside": 1.2},
    **{"night * outside": 0.9, "large * night": 0.9, "large * shady": 1.0},
}
_TAKEOVERS = {
    **{"fresh": 1.2, "locked": 1.2, "busy": 0.8, "shady": 1.2, "outside": 0.9},
    **{"fresh * locked": 1.5, "fresh * busy": 1.5, "fresh * small": 1.1, "large * outside": 2.6},
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How payments are made in a chapter: the knobs that differ between chapters."""

    mix: tuple[float, ...] = (0.46, 0.26, 0.09, 0.05, 0.14)
    wallet: float = 0.14
    lateness: float = 0.0
    pace: float = 1.3
    size: float = 1.0
    tactic: dict[str, float] = field(default_factory=lambda: _FAR_ORDERS)


_EVERYDAY = Behaviour()
_BEHAVIOURS: dict[str, Behaviour] = {
    "travel season": Behaviour((0.23, 0.22, 0.36, 0.05, 0.14), wallet=0.45, lateness=0.25),
    "account takeover": Behaviour(
        (0.33, 0.37, 0.08, 0.17, 0.05), wallet=0.36, pace=2.3, size=0.72, tactic=_TAKEOVERS
    ),
}


def week_frame(week: int, seed: int = 20260105) -> pd.DataFrame:
    """Return the batch of week number `week` as the feed delivered it.

    One row per payment in order of time, about 4,000 rows (55 in the outage): an id, the
    time (UTC, no zone stored), 10 numeric and 5 categorical features, and the
    label `is_fraud` (0 or 1). Amounts are in euros, distances in km, ages in days. Weeks are
    drawn independently, so each can be had on its own.

    Raises:
        ValueError: if the story has no such week.
    """
    chapter = chapter_of(week).name
    rng = np.random.default_rng((seed, week))
    behaviour = _BEHAVIOURS.get(chapter, _EVERYDAY)
    wobble = float(np.sin(2 * np.pi * week / 17))
    usual = round(4000 * (1 + 0.01 * wobble + rng.uniform(-0.06, 0.06)))
    rows = 55 if chapter == "outage" else usual
    frame = _features(rng, week, rows, behaviour, wobble)
    odds = np.exp(_log_odds(frame, behaviour.tactic))
    frame[LABEL] = (rng.random(len(frame)) < odds / (1 + odds)).astype(np.int64)
    _lose(frame, "device_age_days", rng.random(len(frame)) < 0.015)
    _lose(frame, "minutes_since_last", rng.random(len(frame)) < 0.01)
    if chapter == "broken feed":
        frame["amount"] = (frame["amount"] * 100).round()
        _lose(frame, "device_age_days", rng.random(len(frame)) < 0.85)
    return frame


def write_batches(folder: Path) -> list[Path]:
    """Write every week to `folder` as `YYYY-MM-DD.parquet` and return the paths in order.

    The date is the Monday of the week. The same library versions give the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for week in range(WEEKS):
        path = folder / f"{START + timedelta(weeks=week)}.parquet"
        table = pa.Table.from_pandas(week_frame(week), preserve_index=False)
        table = table.replace_schema_metadata(None)
        pq.write_table(table, path, compression="zstd", compression_level=9)
        paths.append(path)
    return paths


def _features(
    rng: np.random.Generator, week: int, rows: int, behaviour: Behaviour, wobble: float
) -> pd.DataFrame:
    """Return about `rows` payments of a week with their true values and no label."""
    millis = _times(rng, rows, behaviour.lateness)
    n = len(millis)
    hour = millis // 3_600_000 % 24
    kind = _kinds(rng, millis, behaviour.mix, wobble)
    merchant = _pick(rng, np.array([row[2] for row in _MERCHANTS.values()]).T[kind])
    country, distance = _places(rng, kind)
    entry = _entry_modes(rng, kind, behaviour.wallet)
    account = np.floor(25 + rng.gamma(1.6, 700, n))
    daily = _paces(rng, kind, behaviour.pace)
    ratio = _ratios(rng, kind, behaviour.size)
    usual = np.array([row[0] for row in _MERCHANTS.values()])[merchant]
    usual = usual * np.exp(0.02 * wobble + rng.normal(0, 0.35, n))
    monday = np.datetime64(START + timedelta(weeks=week), "us")
    return pd.DataFrame(
        {
            "transaction_id": [f"p26{week:02d}-{i:05d}" for i in range(n)],
            "event_time": monday + millis.astype("timedelta64[ms]"),
            "amount": np.maximum(usual * ratio, 0.5).round(2),
            "amount_ratio_to_usual": ratio.round(2),
            "hour_of_day": hour,
            "account_age_days": account.astype(np.int64),
            "device_age_days": np.minimum(_device_ages(rng, kind), account),
            "transactions_last_24h": daily,
            "minutes_since_last": _gaps(rng, daily),
            "distance_from_home_km": distance.round(1),
            "merchant_risk_score": _merchant_risks(rng, merchant),
            "failed_logins_7d": rng.poisson(np.array([0.10, 0.22, 0.15, 2.2, 0.3])[kind]),
            "merchant_category": np.array(list(_MERCHANTS), dtype=object)[merchant],
            "country": country,
            "entry_mode": entry,
            "device": _devices(rng, entry),
            "card_type": _names(rng, _CARDS, n),
        }
    )


def _times(rng: np.random.Generator, rows: int, lateness: float) -> Ints:
    """Return strictly increasing milliseconds since Monday 00:00, about `rows` of them."""
    profiles = np.array([_WEEKDAY_HOURS] * 5 + [_WEEKEND_HOURS] * 2, dtype=np.float64)
    profiles *= np.exp(lateness * (np.arange(24) - 12) / 6)
    profiles *= np.array(_DAY_WEIGHTS)[:, None] / profiles.sum(axis=1, keepdims=True)
    hours = rng.choice(7 * 24, rows, p=profiles.ravel() / profiles.sum())
    millis: Ints = np.unique(hours * 3_600_000 + rng.integers(0, 3_600_000, rows))
    return millis


def _pick(rng: np.random.Generator, weights: Floats) -> Ints:
    """Return one column number per row of `weights` (n, levels), drawn by those weights."""
    shares = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    drawn = (rng.random((len(weights), 1)) > shares).sum(axis=1)
    columns: Ints = np.minimum(drawn, weights.shape[1] - 1)
    return columns


def _names(rng: np.random.Generator, shares: dict[str, float], n: int) -> Names:
    """Return `n` names drawn by their `shares`, which add up to 1."""
    return rng.choice(np.array(list(shares), dtype=object), n, p=list(shares.values()))


def _kinds(rng: np.random.Generator, millis: Ints, mix: tuple[float, ...], wobble: float) -> Ints:
    """Return the kind of each payment; nights are online, weekends see more travel."""
    hour = millis // 3_600_000 % 24
    weights = np.tile(np.array(mix), (len(millis), 1))
    weights[:, ONLINE] *= 1 + 0.02 * wobble
    weights[(hour < 7) | (hour > 22), STORE] *= 0.45
    weights[(hour < 6) | (hour > 21), FAR_ORDER] *= 5
    weights[millis >= 5 * 86_400_000, TRAVEL] *= 1.25
    return _pick(rng, weights)


def _places(rng: np.random.Generator, kind: Ints) -> tuple[Names, Floats]:
    """Return the country code and the distance from home in km of each payment."""
    home = np.eye(len(_COUNTRIES))[0]
    online, travel, order = np.array([row[1:] for row in _COUNTRIES.values()]).T
    country = _pick(rng, np.stack([home, online, travel, online, order])[kind])
    near = rng.lognormal(np.log(6), 1.1, len(kind))
    far = np.array([row[0] for row in _COUNTRIES.values()])[country]
    far = far * rng.lognormal(0, 0.2, len(kind))
    # Most online payments to a foreign shop are made from the customer's own sofa.
    away = rng.random(len(kind)) < np.array([0, 0.3, 1, 0.3, 0.8])[kind]
    distance = np.where(away & (country > 0), far, near)
    return np.array(list(_COUNTRIES), dtype=object)[country], distance


def _entry_modes(rng: np.random.Generator, kind: Ints, wallet: float) -> Names:
    """Return how the card was presented; `wallet` is the share of wallets in person."""
    modes = np.array(["contactless", "chip", "magstripe", "wallet", "online"], dtype=object)
    plain = 1 - wallet
    present = (0.68 * plain, 0.29 * plain, 0.03 * plain, wallet, 0)
    remote = (0, 0, 0, wallet / 2, 1 - wallet / 2)
    abroad = (0.52 * plain, 0.38 * plain, 0.10 * plain, wallet, 0)
    return modes[_pick(rng, np.array([present, remote, abroad, remote, remote])[kind])]


def _devices(rng: np.random.Generator, entry: Names) -> Names:
    """Return the device: the customer's own for wallet and online, else a terminal."""
    own = _names(rng, _DEVICES, len(entry))
    phone = np.where(rng.random(len(entry)) < 0.44, "ios", "android")
    device = np.where(entry == "wallet", phone, own)
    return np.where(np.isin(entry, ["online", "wallet"]), device, "terminal").astype(object)


def _paces(rng: np.random.Generator, kind: Ints, pace: float) -> Ints:
    """Return each card's number of payments in the 24 hours before."""
    factor = np.array([1.0, 1.0, 1.6, 2.4, 1.2])[kind]
    return rng.poisson(pace * factor * rng.gamma(2.5, 1 / 2.5, len(kind)))


def _gaps(rng: np.random.Generator, daily: Ints) -> Floats:
    """Return whole minutes since the last payment, under a day if `daily` is not zero."""
    recent = 1440 * rng.beta(1, np.maximum(daily, 1))
    older = 1440 + rng.exponential(1600, len(daily))
    gaps: Floats = np.floor(np.where(daily > 0, recent, older))
    return gaps


def _ratios(rng: np.random.Generator, kind: Ints, size: float) -> Floats:
    """Return the amount over the customer's usual amount; about 7 % are far above it."""
    n = len(kind)
    tail = np.where(rng.random(n) < 0.07, 1.5 + rng.pareto(2.4, n), 1.0)
    scale = np.array([size, size, 1.15, 0.75 * size, 2.4])[kind]
    ratios: Floats = np.maximum(scale * tail * rng.lognormal(0, 0.5, n), 0.01)
    return ratios


def _device_ages(rng: np.random.Generator, kind: Ints) -> Floats:
    """Return whole days since the device was first seen with the card."""
    known = rng.gamma(1.3, 260, len(kind))
    fresh = rng.exponential(4, len(kind))
    new = rng.random(len(kind)) < np.array([0.03, 0.05, 0.06, 0.85, 0.10])[kind]
    ages: Floats = np.floor(np.where(new, fresh, known))
    return ages


def _merchant_risks(rng: np.random.Generator, merchant: Ints) -> Floats:
    """Return the merchant's risk score between 0 and 1, to two decimals."""
    mean = np.array([row[1] for row in _MERCHANTS.values()])[merchant]
    risks: Floats = np.round(rng.beta(5 * mean, 5 * (1 - mean)), 2)
    return risks


def _signals(frame: pd.DataFrame) -> dict[str, Floats]:
    """Return what the risk depends on: named columns between 0 and 1, one value a payment."""
    log_ratio = np.log(frame["amount_ratio_to_usual"])
    return {
        "large": _step(log_ratio, 0.55, 0.15),
        "small": _step(-log_ratio, 0.1, 0.3),
        "night": _step(np.abs(frame["hour_of_day"] - 14), 7.5, 0.4),
        "outside": frame["country"].isin(_OUTSIDE_EEA).to_numpy().astype(np.float64),
        "shady": _step(frame["merchant_risk_score"], 0.5, 0.06),
        "swiped": (frame["entry_mode"] == "magstripe").to_numpy().astype(np.float64),
        "prepaid": (frame["card_type"] == "prepaid").to_numpy().astype(np.float64),
        "fresh": _step(-np.log1p(frame["device_age_days"]), -2.3, 0.25),
        "locked": _step(frame["failed_logins_7d"], 1.5, 0.35),
        "busy": _step(frame["transactions_last_24h"], 4.0, 0.8),
    }


def _log_odds(frame: pd.DataFrame, tactic: dict[str, float]) -> Floats:
    """Return the log-odds of fraud of each payment: weighted signals and products of two."""
    signals = _signals(frame)
    total = np.full(len(frame), _BASE_LOG_ODDS)
    for names, weight in tactic.items():
        total += weight * np.prod([signals[name] for name in names.split(" * ")], axis=0)
    return total


def _step(values: pd.Series | Floats, middle: float, width: float) -> Floats:
    """Return a smooth step from 0 to 1 around `middle`, in the shape of `values`."""
    return np.asarray(1 / (1 + np.exp(-(values - middle) / width)), dtype=np.float64)


def _lose(frame: pd.DataFrame, column: str, rows: npt.NDArray[np.bool_]) -> None:
    """Blank `column` in `rows`, a mask over the frame."""
    frame.loc[rows, column] = np.nan


if __name__ == "__main__":
    for path in write_batches(Path(sys.argv[1])):
        print(path)
