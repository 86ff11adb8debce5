"""The pages' addresses. The API has its own under /api/."""

from __future__ import annotations

from django.urls import path

from bookings.views import answers, board, exports, handoff, launch, people, receipts, runs, signing

urlpatterns = [
    path("", board.dashboard, name="dashboard"),
    path("dashboard", board.dashboard, name="dashboard_too"),
    path("auto-book", launch.auto_book, name="auto_book"),
    path("runs/<uuid:uuid>", runs.run_page, name="run"),
    path("runs/<uuid:uuid>/events", runs.run_events, name="run_events"),
    path("runs/<uuid:uuid>/stop", runs.stop_run, name="stop_run"),
    path("runs/<uuid:uuid>/answer", answers.answer_run, name="answer_run"),
    path("accounts/<int:pk>/sign-in", handoff.sign_in_account, name="sign_in_account"),
    path("sign-ins/<uuid:uuid>", handoff.handoff, name="handoff"),
    path("sign-ins/<uuid:uuid>/screen", handoff.handoff_screen, name="handoff_screen"),
    path("sign-ins/<uuid:uuid>/strokes", handoff.handoff_strokes, name="handoff_strokes"),
    path("sign-ins/<uuid:uuid>/stop", handoff.stop_handoff, name="stop_handoff"),
    path("exports", exports.my_exports, name="exports"),
    path("exports/<uuid:uuid>/file", exports.export_file, name="export_file"),
    path("exports/<uuid:uuid>/withdraw", exports.withdraw_export, name="withdraw_export"),
    path("evidence/<uuid:uuid>", runs.evidence, name="evidence"),
    path("bookings/<int:pk>/receipt", receipts.share_receipt, name="share_receipt"),
    path("bookings/<int:pk>/receipt/take-back", receipts.take_back_receipt, name="take_back_receipt"),
    path("receipts/<str:token>", receipts.receipt_page, name="receipt"),
    path("people", people.people_page, name="people"),
    path("people/<int:pk>/role", people.change_role, name="change_role"),
    path("people/<int:pk>/remove", people.remove, name="remove_person"),
    path("invitations/<int:pk>/send-again", people.send_again, name="send_invitation_again"),
    path("invitations/<int:pk>/take-back", people.revoke, name="revoke_invitation"),
    path("join/<str:token>", people.join, name="join"),
    path("me", signing.me, name="me"),
    path("language", signing.choose_language, name="choose_language"),
    path("me/password", signing.ChangePassword.as_view(), name="change_password"),
    path("me/sign-out-everywhere", signing.sign_out_everywhere, name="sign_out_everywhere"),
    path("forgotten-password", signing.forgotten, name="forgotten"),
    path("new-password/<str:uidb64>/<str:token>", signing.ResetPassword.as_view(), name="reset_password"),
    path("sign-in", signing.SignIn.as_view(), name="sign_in"),
    path("sign-out", signing.SignOut.as_view(), name="sign_out"),
]
