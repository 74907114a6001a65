"""Features for the bench of tiles, one GeoJSON object a line: the same bytes for the same numbers.

    make.py FILE [FEATURES]

Of FEATURES (500,000 if absent) three tenths are stands that share their borders, three tenths roads, the
rest points, over the extent of Gunma, with properties in Japanese. Everything is invented (架空).
"""

import math
import random
import sys

WEST, SOUTH, EAST, NORTH = 138.4, 36.0, 139.7, 37.05
MUNICIPALITIES = ["前橋市", "高崎市", "桐生市", "伊勢崎市", "太田市", "沼田市", "館林市", "渋川市", "藤岡市", "富岡市", "安中市", "みどり市"]
SPECIES = ["スギ", "ヒノキ", "カラマツ", "アカマツ", "ブナ", "ミズナラ", "コナラ", "シラカンバ"]
OWNERS = ["国有林", "県有林", "市町村有林", "私有林", "財産区有林"]
SURFACES = ["舗装", "砂利", "未舗装"]
KINDS = ["消火栓", "防火水槽", "案内標識", "境界標", "電柱", "橋梁"]
# Vertices of a border between two corners.
STEPS = 8


def place(row: float, column: float, rows: int, columns: int) -> str:
    """A waved grid: the same numbers on both sides of a border."""
    wave = 0.18 * math.sin(1.7 * row + 0.3) * math.cos(2.3 * column) + 0.04 * math.sin(7.1 * (row + 1.3 * column))
    other = 0.18 * math.cos(2.9 * row) * math.sin(1.3 * column + 0.7) + 0.04 * math.cos(6.3 * (column - 1.1 * row))
    lon = WEST + (EAST - WEST) * (column + wave) / columns
    lat = SOUTH + (NORTH - SOUTH) * (row + other) / rows
    return f"[{lon:.7f},{lat:.7f}]"


def stand(number: int, rows: int, columns: int) -> str:
    row, column = divmod(number, columns)
    up = [step / STEPS for step in range(STEPS)]
    down = [1 - share for share in up]
    corners = [place(row, column + share, rows, columns) for share in up]
    corners += [place(row + share, column + 1, rows, columns) for share in up]
    corners += [place(row + 1, column + share, rows, columns) for share in down]
    corners += [place(row + share, column, rows, columns) for share in down]
    return f'{{"type":"Polygon","coordinates":[[{",".join([*corners, corners[0]])}]]}}'


def road(dice: random.Random) -> str:
    lon, lat = dice.uniform(WEST, EAST), dice.uniform(SOUTH, NORTH)
    heading = dice.uniform(0, 2 * math.pi)
    points = []
    for _ in range(24):
        points.append(f"[{lon:.7f},{lat:.7f}]")
        heading += dice.gauss(0, 0.35)
        lon += 0.0006 * math.cos(heading)
        lat += 0.0005 * math.sin(heading)
    return f'{{"type":"LineString","coordinates":[{",".join(points)}]}}'


def properties(kind: str, number: int, dice: random.Random) -> str:
    town = dice.choice(MUNICIPALITIES)
    if kind == "stand":
        block, part = divmod(number, 40)
        return (
            f'"名称":"{town}架空林班{block:04d}の{part:02d}","市町村":"{town}","樹種":"{dice.choice(SPECIES)}",'
            f'"林齢":{dice.randrange(1, 120)},"面積ha":{dice.uniform(0.1, 12):.2f},"所有":"{dice.choice(OWNERS)}"'
        )
    if kind == "road":
        return (
            f'"名称":"架空作業道{number:06d}号線","市町村":"{town}","路面":"{dice.choice(SURFACES)}",'
            f'"幅員m":{dice.choice([2.5, 3.0, 3.5, 4.0])},"開設年":{dice.randrange(1965, 2026)}'
        )
    return f'"名称":"架空施設{number:06d}","種別":"{dice.choice(KINDS)}","市町村":"{town}","点検年":{dice.randrange(2010, 2026)}'


def main() -> None:
    out, features = sys.argv[1], int(sys.argv[2]) if 2 < len(sys.argv) else 500_000
    stands, roads = 3 * features // 10, 3 * features // 10
    columns = math.ceil(math.sqrt(stands))
    rows = math.ceil(stands / columns)
    dice = random.Random(6)
    with open(out, "w", encoding="utf-8") as file:
        for number in range(features):
            if number < stands:
                kind, shape = "stand", stand(number, rows, columns)
            elif number < stands + roads:
                kind, shape = "road", road(dice)
            else:
                kind = "point"
                shape = f'{{"type":"Point","coordinates":[{dice.uniform(WEST, EAST):.7f},{dice.uniform(SOUTH, NORTH):.7f}]}}'
            told = properties(kind, number, dice)
            file.write(f'{{"type":"Feature","id":{number + 1},"properties":{{{told}}},"geometry":{shape}}}\n')


main()
