package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"caotang/internal/db"
)

// The golden matrix: what each operation answers to each role, its target lying in one school of county 510104. Columns:
//
//	anon    nobody                       own     administrator of that school
//	must    has still to bind a phone    other   administrator of another school of the county
//	ready   not verified                 county  administrator of the county
//	pupil   of that school               city    administrator of the city
//	parent  of a pupil of that school    prov    administrator of the province
//	teach   teacher of that school       else    administrator of another city
//	class   class teacher there          serv    customer service
//
// A new operation needs a row here, and its request in matrix_requests_test.go; matrix_cell_test.go makes what requests need.
const matrix = `
                          anon must ready pupil parent teach class own other county city prov else serv
list-audit                  401  403  403  403  403  403  403  200  200  200  200  200  200  403
export-audit                401  403  403  403  403  403  403  200  200  200  200  200  200  403
take-yearly-pack            401  403  403  403  403  403  403  200  200  200  200  200  200  403
send-sms-code               202  202  202  202  202  202  202  202  202  202  202  202  202  202
get-sms-message             404  404  404  404  404  404  404  404  404  404  404  404  404  404
get-sms-gateway             200  200  200  200  200  200  200  200  200  200  200  200  200  200
watch-sms                   401  403  403  403  403  403  403  403  403  403  403  200  403  403
get-settings                200  200  200  200  200  200  200  200  200  200  200  200  200  200
check-username              204  204  204  204  204  204  204  204  204  204  204  204  204  204
register                    422  422  422  422  422  422  422  422  422  422  422  422  422  422
sign-in                     401  401  401  401  401  401  401  401  401  401  401  401  401  401
sign-out                    401  204  204  204  204  204  204  204  204  204  204  204  204  204
change-password             401  204  204  204  204  204  204  204  204  204  204  204  204  204
change-phone                401  422  422  422  422  422  422  422  422  422  422  422  422  422
reset-password              422  422  422  422  422  422  422  422  422  422  422  422  422  422
list-my-sessions            401  200  200  200  200  200  200  200  200  200  200  200  200  200
end-my-session              401  404  404  404  404  404  404  404  404  404  404  404  404  404
end-my-other-sessions       401  200  200  200  200  200  200  200  200  200  200  200  200  200
list-my-security-events     401  200  200  200  200  200  200  200  200  200  200  200  200  200
list-my-recoveries          401  200  200  200  200  200  200  200  200  200  200  200  200  200
deny-my-recoveries          401  404  404  404  404  404  404  404  404  404  404  404  404  404
read-notice                 410  410  410  410  410  410  410  410  410  410  410  410  410  410
freeze-account              410  410  410  410  410  410  410  410  410  410  410  410  410  410
object-to-notice            410  410  410  410  410  410  410  410  410  410  410  410  410  410
unfreeze-account            401  403  403  403  403  403  403  200  404  200  200  200  404  404
search-accounts             401  403  403  403  403  403  403  200  200  200  200  200  200  403
issue-one-time-code         401  403  403  403  403  403  403  200  404  200  200  200  404  404
reveal-username             401  403  403  403  403  403  403  200  404  200  200  200  404  404
replace-phone               401  403  403  403  403  403  403  200  404  200  200  200  404  404
finish-sign-in              401  401  401  401  401  401  401  401  401  401  401  401  401  401
ask-passkey                 401  422  422  422  422  422  422  422  422  422  422  422  422  422
reset-password-by-factor    422  422  422  422  422  422  422  422  422  422  422  422  422  422
reset-factors               401  403  403  403  403  403  403  204  404  204  204  204  404  404
list-my-factors             401  200  200  200  200  200  200  200  200  200  200  200  200  200
confirm-me                  401  201  201  201  201  201  201  201  201  201  201  201  201  201
enrol-authenticator         401  403  403  403  403  403  403  403  403  403  403  403  403  403
set-authenticator           401  403  403  403  403  403  403  403  403  403  403  403  403  403
remove-authenticator        401  403  403  403  403  403  403  403  403  403  403  403  403  403
ask-new-passkey             401  403  403  403  403  403  403  403  403  403  403  403  403  403
add-passkey                 401  403  403  403  403  403  403  403  403  403  403  403  403  403
remove-passkey              401  403  403  403  403  403  403  403  403  403  403  403  403  403
renew-recovery-codes        401  403  403  403  403  403  403  403  403  403  403  403  403  403
list-administrators         401  403  403  403  403  403  403  200  200  200  200  200  200  200
appoint-administrator       401  403  403  403  403  403  403  404  404  201  201  201  404  404
dismiss-administrator       401  403  403  403  403  403  403  404  404  204  204  204  404  404
list-regions                200  200  200  200  200  200  200  200  200  200  200  200  200  200
list-schools                200  200  200  200  200  200  200  200  200  200  200  200  200  200
list-school-classes         200  200  200  200  200  200  200  200  200  200  200  200  200  200
create-school               401  403  403  403  403  403  403  403  403  201  201  201  403  403
change-school               401  403  403  403  403  403  403  404  404  200  200  200  404  404
delete-school               401  403  403  403  403  403  403  404  404  204  204  204  404  404
list-classes                401  403  403  403  403  403  403  200  200  200  200  200  200  403
create-class                401  403  403  403  403  403  403  201  404  201  201  201  404  404
create-classes              401  403  403  403  403  403  403  201  404  201  201  201  404  404
change-class                401  403  403  403  403  403  403  200  404  200  200  200  404  404
delete-class                401  403  403  403  403  403  403  204  404  204  204  204  404  404
list-class-teachers         401  403  403  403  403  403  403  200  404  200  200  200  404  404
list-class-teacher-history  401  403  403  403  403  403  403  200  404  200  200  200  404  404
set-class-teachers          401  403  403  403  403  403  403  200  404  200  200  200  404  404
list-school-years           401  403  403  403  403  403  403  200  200  200  200  200  200  403
count-school-years          401  403  403  403  403  403  403  200  200  200  200  200  200  403
get-school-year             401  403  403  403  403  403  403  200  404  200  200  200  404  404
plan-school-year            401  403  403  403  403  403  403  409  404  409  409  409  404  404
withdraw-school-year        401  403  403  403  403  403  403  404  404  404  404  404  404  404
take-back-school-year       401  403  403  403  403  403  403  404  404  404  404  404  404  404
preview-move                401  403  403  403  403  403  403  404  404  200  200  200  404  404
move-together               401  403  403  403  403  403  403  404  404  202  202  202  404  404
list-moves                  401  403  403  403  403  403  403  200  200  200  200  200  200  403
get-move                    401  403  403  403  403  403  403  200  200  200  200  200  404  404
list-moved-people           401  403  403  403  403  403  403  200  200  200  200  200  404  404
preview-merger              401  403  403  403  403  403  403  404  404  200  200  200  404  404
merge-school                401  403  403  403  403  403  403  404  404  422  422  422  404  404
put-pupils-into-class       401  403  403  403  403  403  403  200  404  200  200  200  404  404
import-roster               401  403  403  403  403  403  403  200  404  200  200  200  404  403
list-imports                401  403  403  403  403  403  403  200  200  200  200  200  200  200
get-import                  401  403  403  403  403  403  403  200  404  200  200  200  404  404
download-rejected-rows      401  403  403  403  403  403  403  200  404  200  200  200  404  404
dismiss-rejected-rows       401  403  403  403  403  403  403  204  404  204  204  204  404  404
undo-import                 401  403  403  403  403  403  403  200  404  200  200  200  404  404
download-kept-entries       401  403  403  403  403  403  403  200  404  200  200  200  404  404
export-registry             401  403  403  403  403  403  403  200  200  200  200  200  200  200
download-roster-template    401  403  403  403  403  403  403  200  200  200  200  200  200  200
list-registry               401  403  403  403  403  403  403  200  200  200  200  200  200  200
create-registry-entry       401  403  403  403  403  403  403  201  404  201  201  201  404  404
get-registry-entry          401  403  403  403  403  403  403  200  404  200  200  200  404  404
change-registry-entry       401  403  403  403  403  403  403  200  404  200  200  200  404  404
delete-registry-entry       401  403  403  403  403  403  403  204  404  204  204  204  404  404
reveal-registry-entry       401  403  403  403  403  403  403  200  404  403  403  403  404  404
ask-look                    401  403  403  403  403  403  403  201  404  201  201  201  404  404
list-looks                  401  403  403  403  403  403  403  200  200  200  200  200  200  403
allow-look                  401  403  403  403  403  403  403  200  404  200  200  200  404  404
refuse-look                 401  403  403  403  403  403  403  200  404  200  200  200  404  404
get-registry-history        401  403  403  403  403  403  403  200  404  200  200  200  404  404
list-duplicates             401  403  403  403  403  403  403  200  404  200  200  200  404  404
search-duplicates           401  403  403  403  403  403  403  202  404  202  202  202  404  404
dismiss-duplicate           401  403  403  403  403  403  403  204  404  204  204  204  404  404
replace-registry-entry      401  403  403  403  403  403  403  201  404  201  201  201  404  404
bind-me                     401  403  201  409  409  409  409  201  201  201  201  201  201  201
unbind-me                   401  403  404  204  404  204  204  404  404  404  404  404  404  404
choose-my-class             401  403  403  200  200  422  422  403  403  403  403  403  403  403
unbind-account              401  403  403  403  403  403  403  204  404  204  204  204  404  404
list-slips                  401  403  404  404  404  404  404  200  404  200  200  200  404  404
print-slips                 401  403  404  404  404  404  404  200  404  200  200  200  404  404
end-slips                   401  403  404  404  404  404  404  200  404  200  200  200  404  404
check-slip                  422  422  422  422  422  422  422  422  422  422  422  422  422  422
register-by-slip            422  422  422  422  422  422  422  422  422  422  422  422  422  422
set-password-by-slip        422  422  422  422  422  422  422  422  422  422  422  422  422  422
list-my-consents            401  403  200  200  200  200  200  200  200  200  200  200  200  200
say-consent                 401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-consent-history        401  403  404  404  404  404  404  404  404  404  404  404  404  404
read-consent-link           410  410  410  410  410  410  410  410  410  410  410  410  410  410
say-consent-by-link         410  410  410  410  410  410  410  410  410  410  410  410  410  410
read-consent-by-slip        422  422  422  422  422  422  422  422  422  422  422  422  422  422
say-consent-by-slip         422  422  422  422  422  422  422  422  422  422  422  422  422  422
count-consents              401  403  404  404  404  404  200  200  404  200  200  200  404  404
remind-consents             401  403  404  404  404  404  200  200  404  200  200  200  404  404
list-class-consents         401  403  404  404  404  404  200  200  404  200  200  200  404  404
list-pupil-consents         401  403  404  404  404  404  200  200  404  200  200  200  404  404
list-my-guardianships       401  403  200  200  200  200  200  200  200  200  200  200  200  200
confirm-guardianship-by-slip  401  403  404  404  404  404  404  404  404  404  404  404  404  404
withdraw-guardianship       401  403  404  404  404  404  404  404  404  404  404  404  404  404
leave-guardianship          401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-my-guardians           401  403  403  200  200  200  200  403  403  403  403  403  403  403
answer-my-guardian          401  403  403  404  404  404  404  403  403  403  403  403  403  403
list-guardianships          401  403  200  200  200  200  200  200  200  200  200  200  200  200
decide-guardianships        401  403  404  404  404  404  200  200  404  200  200  200  404  404
end-guardianship            401  403  403  403  403  403  403  204  404  204  204  204  404  404
bind-me-by-slip             401  403  422  422  422  422  422  422  422  422  422  422  422  422
ask-school                  401  403  201  409  201  409  409  201  201  201  201  201  201  201
list-my-tickets             401  403  200  200  200  200  200  200  200  200  200  200  200  200
withdraw-ticket             401  403  404  404  404  404  404  404  404  404  404  404  404  404
ask-again                   401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-my-cases               401  403  200  200  200  200  200  200  200  200  200  200  200  200
keep-my-entry               401  403  404  404  404  404  404  404  404  404  404  404  404  404
appeal-case                 401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-tickets                401  403  403  403  403  403  403  200  200  200  200  200  200  200
get-ticket                  401  403  403  403  403  403  403  200  404  200  200  200  404  200
tell-asker                  401  403  403  403  403  403  403  404  404  404  404  404  404  200
hand-on-ticket              401  403  403  403  403  403  403  404  404  404  404  404  404  200
reveal-ticket               401  403  403  403  403  403  403  200  404  200  200  200  404  404
take-ticket                 401  403  403  403  403  403  403  200  404  200  200  200  404  404
release-ticket              401  403  403  403  403  403  403  200  404  200  200  200  404  404
complete-ticket             401  403  403  403  403  403  403  200  404  200  200  200  404  404
decline-ticket              401  403  403  403  403  403  403  200  404  200  200  200  404  404
find                        401  403  403  403  403  403  403  200  200  200  200  200  200  200
list-requests               401  403  403  403  403  403  403  200  200  200  200  200  200  200
count-requests              401  403  403  403  403  403  403  200  200  200  200  200  200  200
request-transfer            401  403  403  201  201  201  201  403  403  403  403  403  403  403
list-my-transfers           401  403  200  200  200  200  200  200  200  200  200  200  200  200
cancel-my-transfer          401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-my-childrens-transfers 401  403  403  200  200  200  200  403  403  403  403  403  403  403
object-to-transfer          401  403  403  404  404  404  404  403  403  403  403  403  403  403
agree-to-transfer           401  403  403  404  404  404  404  403  403  403  403  403  403  403
list-transfers              401  403  403  403  403  403  403  200  200  200  200  200  200  200
get-transfer                401  403  403  403  403  403  403  200  404  200  200  200  200  200
approve-transfer            401  403  403  403  403  403  403  200  404  200  200  200  200  403
reject-transfer             401  403  403  403  403  403  403  200  404  200  200  200  200  403
approve-transfers           401  403  403  403  403  403  403  200  200  200  200  200  200  200
set-recovery-contact        401  422  422  422  403  403  403  403  403  403  403  403  403  403
remove-recovery-contact     401  404  404  404  404  404  404  404  404  404  404  404  404  404
choose-my-role              401  200  200  409  409  409  409  200  200  200  200  200  200  200
get-my-closing              401  200  200  200  200  200  200  200  200  200  200  200  200  200
close-my-account            401  200  422  422  422  422  422  422  422  422  422  422  422  422
keep-my-account             401  404  404  404  404  404  404  404  404  404  404  404  404  404
get-my-data                 401  200  200  200  200  200  200  200  200  200  200  200  200  200
list-my-records             401  200  200  200  200  200  200  200  200  200  200  200  200  200
export-my-data              401  200  200  200  200  200  200  200  200  200  200  200  200  200
get-me                      401  200  200  200  200  200  200  200  200  200  200  200  200  200
get-my-space                401  403  200  200  200  200  200  200  200  200  200  200  200  200
list-my-classmates          401  403  403  200  200  200  200  403  403  403  403  403  403  403
list-my-apps                401  403  403  200  200  200  200  403  403  403  403  403  403  403
list-pupils-taught          401  403  403  404  404  404  404  403  403  403  403  403  403  403
get-overview                401  403  403  403  403  403  403  200  200  200  200  200  200  200
ask-for-account             201  201  201  201  201  201  201  201  201  201  201  201  201  201
get-recovery                200  200  200  200  200  200  200  200  200  200  200  200  200  200
withdraw-recovery           200  200  200  200  200  200  200  200  200  200  200  200  200  200
send-copy                   200  200  200  200  200  200  200  200  200  200  200  200  200  200
submit-recovery             409  409  409  409  409  409  409  409  409  409  409  409  409  409
finish-recovery             409  409  409  409  409  409  409  409  409  409  409  409  409  409
get-statistics              401  403  403  403  403  403  403  200  200  200  200  200  200  403
get-statistics-trend        401  403  403  403  403  403  403  200  404  200  200  200  404  404
get-stuck                   401  403  403  403  403  403  403  200  404  200  200  200  404  404
export-stuck                401  403  403  403  403  403  403  200  404  200  200  200  404  404
export-statistics           401  403  403  403  403  403  403  200  404  200  200  200  404  404
list-targets                401  403  403  403  403  403  403  200  404  200  200  200  404  404
set-target                  401  403  403  403  403  403  403  404  404  403  204  204  404  404
remove-target               401  403  403  403  403  403  403  404  404  403  204  204  404  404
list-recoveries             401  403  403  403  403  403  403  200  200  200  200  200  200  200
read-recovery               401  403  403  403  403  403  403  200  404  200  200  200  404  404
look-at-copy                401  403  403  403  403  403  403  404  404  404  404  200  404  200
approve-recovery            401  403  403  403  403  403  403  200  404  200  200  200  404  404
reject-recovery             401  403  403  403  403  403  403  404  404  404  404  200  404  200
`

var columns = strings.Fields(strings.Split(strings.TrimSpace(matrix), "\n")[0])

// golden is the matrix by operation.
func golden() map[string][]string {
	want := map[string][]string{}
	for _, row := range strings.Split(strings.TrimSpace(matrix), "\n")[1:] {
		cells := strings.Fields(row)
		want[cells[0]] = cells[1:]
	}
	return want
}

func TestEveryOperationAnswersEveryRoleAsTheMatrixSays(t *testing.T) {
	c := newCell(t)
	want := golden()
	var rows []string
	wrong := false
	for _, op := range c.app.server.Operations() {
		how, known := requests[op.ID]
		if !known {
			t.Errorf("%s %s (%s) has no request in this test, and no row in its matrix", op.Method, op.Path, op.ID)
			continue
		}
		row := make([]string, len(columns))
		for i, role := range columns {
			row[i] = fmt.Sprint(c.call(op, how, role).Code)
		}
		rows = append(rows, fmt.Sprintf("%-26s%s", op.ID, strings.Join(row, "  ")))
		if !slices.Equal(row, want[op.ID]) {
			wrong = true
			t.Errorf("%s\n got %v\nwant %v", op.ID, row, want[op.ID])
		}
		delete(want, op.ID)
	}
	for id := range want {
		t.Errorf("the matrix has a row for %s, which is no operation", id)
	}
	recorded, err := db.Collect(t.Context(), c.world.DB, `SELECT DISTINCT action FROM audit_records`, nil, func(action *string) []any { return []any{action} })
	if err != nil || len(recorded) < 50 {
		t.Errorf("what was recorded meanwhile: %d kinds of actions, %v", len(recorded), err)
	}
	for _, action := range recorded {
		wanted(t, action)
	}
	if wrong {
		t.Logf("the rows as they are:\n%s", strings.Join(rows, "\n"))
	}
}
