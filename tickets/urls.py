from django.urls import path

from tickets import views

urlpatterns = [path("gate/", views.gate, name="gate")]
