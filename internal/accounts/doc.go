// Package accounts is the room of logins (F-02 to F-11, F-28): registration, signing in, sessions, passwords, phones, what
// administrators do to the accounts of their scope, what owners are told of it, and how they say "this was not me".
//
// It owns the tables accounts, logins, recovery_contacts, grants, merged_grants, sessions, ended_sessions, known_addresses, security_events,
// notice_links, freezes and handed_up. Its search for administrators also reads bindings, registry entries, documents and schools, and changes none of them.
//
// Doors for other rooms: [Service.Resolve] (sessions for the server), [Own], [Service.Grants],
// [Service.MaskedOf], [Service.TraceOf], [Service.PhoneOf], [Service.AccountOfPhone], [Service.CheckPassword], [Service.SetRole],
// [Service.NewPassword], [Service.Recover], [Service.ReachesBeyond]; [Service.Tell] for every change that an account's owner
// must learn of, [Service.Notify] for any other news, [Service.Telling] for what several accounts are told; [Service.Watch], [Service.Answering], [Service.FreezeOf] and
// [Service.Unfreeze] for the room that answers frozen accounts' requests; [Service.Deny] for what an owner says within the account; [Service.Owning], [Service.HandUp] and
// [Service.TellHandedUp] for requests that somebody must answer; for the second step [Service.Pending],
// [Service.FinishSignIn], [Service.SetFactors], [Service.Guess], [Service.ResetPasswordBy],
// [Service.MayResetFactors], [Service.Record]; for slips [Service.PrepareVouched], [Service.CreateVouched],
// [Service.ResetVouched]; for own data [Service.Sessions], [Service.SecurityEvents], [Service.AllowExport],
// [Service.ClosingOf], [Service.DueClosings], [Service.Erase], [Service.StopClosing]; for commands [Service.CreateAdministrator], [Service.IDOf], [Service.ImportAccounts], [HashPassword], [SealOldHash] and [Service.Forget].
//
// What holds everywhere: a username or phone belongs to one account because the table logins says so, whatever the
// interleaving; a guardian's phone stands behind at most five pupils' accounts; a closed account keeps nothing
// personal; a stranger learns from no answer, nor from its delay, which accounts and phones exist, with the one exception of
// a username that is taken at registration.
package accounts
