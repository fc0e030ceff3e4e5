// Package statistics shows administrators how far their people have come (F-30): by division, school and class, by kind and
// stage, against targets, day by day, and as a table to take along. The counts are those of package tally, exact at the moment
// of asking.
package statistics
