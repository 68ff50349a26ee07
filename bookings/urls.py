from django.urls import path

from bookings.views import (
    booking,
    checkout,
    mine,
    picture,
    prices,
    programme,
    reserve,
    sale,
    section,
    site,
)

urlpatterns = [
    path("", programme.home, name="home"),
    path("favicon.ico", site.favicon, name="favicon"),
    path("robots.txt", site.robots, name="robots"),
    path("events/<slug:slug>/", sale.event, name="event"),
    path("events/<slug:slug>/seats/", sale.seats, name="seats"),
    path("events/<slug:slug>/seats/<int:position>/", section.section, name="section"),
    path("events/<slug:slug>/calendar.ics", sale.event_calendar, name="event_calendar"),
    path("events/<slug:slug>/seats.svg", picture.event_picture, name="event_picture"),
    path("events/<slug:slug>/reserve/", reserve.reserve, name="reserve"),
    path("events/<uuid:event_id>/prices/", prices.present_prices, name="present_prices"),
    path(
        "events/<uuid:event_id>/prices/<slug:content_hash>.json",
        prices.event_prices,
        name="event_prices",
    ),
    path("checkout/<uuid:booking_id>/", checkout.checkout, name="checkout"),
    path("checkout/<uuid:booking_id>/pay/", checkout.pay, name="pay"),
    path("checkout/<uuid:booking_id>/release/", checkout.release, name="release"),
    path("checkout/<uuid:booking_id>/renew/", checkout.renew, name="renew"),
    path("checkout/<uuid:booking_id>/return/", checkout.payment_return, name="payment_return"),
    path("bookings/<uuid:booking_id>/", booking.booking, name="booking"),
    path("bookings/<uuid:booking_id>/tickets.pdf", booking.tickets_pdf, name="tickets_pdf"),
    path(
        "bookings/<uuid:booking_id>/calendar.ics",
        booking.booking_calendar,
        name="booking_calendar",
    ),
    path("find-booking/", booking.find_booking, name="find_booking"),
    path("mine/", mine.bookings, name="mine"),
    path("mine/profile/", mine.profile, name="profile"),
    path("mine/leave/", mine.leave, name="leave"),
    path("help/", booking.help_page, name="help"),
]
