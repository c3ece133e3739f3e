from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from photos import views

urlpatterns = [
    path("", views.album, name="album"),
    path("photos/<int:pk>/remove", views.remove, name="remove"),
    path("login", LoginView.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
]
