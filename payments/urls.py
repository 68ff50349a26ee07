from django.urls import path

from payments import views

app_name = "payments"
urlpatterns = [path("webhooks/payments/<slug:provider>/", views.webhook, name="webhook")]
