package db

import (
	"context"
	"strconv"
	"strings"
)

// Collect reads all rows of a query; scan says where the columns of one go.
func Collect[T any](ctx context.Context, q Querier, query string, args []any, scan func(*T) []any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(scan(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Args are ids as the arguments of a query, for an IN beside [Placeholders].
func Args(ids []string) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}

// Placeholders are those of the first n arguments of a query, for an IN: $1,$2,$3.
func Placeholders(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i))
	}
	return b.String()
}
